"""The logger: capture, storage and findings put together."""
