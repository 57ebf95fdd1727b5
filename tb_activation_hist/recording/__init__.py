"""The logger: capture, storage and findings put together.

Not public: may change without notice.
"""
