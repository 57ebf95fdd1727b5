"""How often `compare` names the layer in which a deviation was planted: python -m bench.compare."""
