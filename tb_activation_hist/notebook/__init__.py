"""Pictures and tables in a notebook.

Not public: may change without notice.
"""
