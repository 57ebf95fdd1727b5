"""The part that runs inside a training: which modules, which tensors, when, and counting them."""
