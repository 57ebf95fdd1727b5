"""The part that runs inside a training: which modules, which tensors, when, and counting them.

Not public: may change without notice.
"""
