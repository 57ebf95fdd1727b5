"""One HTML file with the page and the data in it, which opens without a server.

`HeldRuns` stands in for TensorBoard's data provider, `SharedAnswers` collects what the page asks
for, `pack_tiles` packs the histograms, and `make_file` writes the file.
"""
