"""What everything stands on: the grid, histograms, layers, names and errors. numpy only.

Not public: may change without notice.
"""
