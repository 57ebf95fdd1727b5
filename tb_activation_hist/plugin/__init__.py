"""The TensorBoard plugin: loader, routes, caches and tiles. Nothing here imports torch."""
