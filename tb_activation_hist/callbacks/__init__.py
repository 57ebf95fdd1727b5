"""Loggers that hang themselves into a training library; each module imports its own.

Not public: may change without notice.
"""
