"""The base of the package: the grid, histograms, layers, names and errors. numpy only.

Not public: may change without notice.
"""
