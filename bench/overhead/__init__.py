"""What recording costs a training step: python -m bench.overhead."""
