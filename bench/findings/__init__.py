"""How well the findings tell planted faults from healthy trainings: `python -m bench.findings`."""
