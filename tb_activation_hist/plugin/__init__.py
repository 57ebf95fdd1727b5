"""The TensorBoard plugin: loader, routes, store and tiles. No torch in here.

Not public: may change without notice.
"""
