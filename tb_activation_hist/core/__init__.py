"""What everything stands on: the grid, histograms, layers, names and errors. numpy only."""
