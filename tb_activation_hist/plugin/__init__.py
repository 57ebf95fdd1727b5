"""The TensorBoard plugin: loader, routes, caches and tiles. Nothing here imports torch.

Not public: may change without notice.
"""
