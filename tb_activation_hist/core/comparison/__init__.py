"""Where two runs part: layers paired, records compared, differences in the order of spread."""
