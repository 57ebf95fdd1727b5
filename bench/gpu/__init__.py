"""What recording costs on a GPU, and whether it is right there: ``python -m bench.gpu``."""
