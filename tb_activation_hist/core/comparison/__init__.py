"""Where two runs first differ: layers paired, records compared, differences in order of spread."""
