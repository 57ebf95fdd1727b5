"""Where two runs first differ: layers paired, records compared, differences in the order of spread."""
