"""Reading and writing run directories.

Not public: may change without notice.
"""
