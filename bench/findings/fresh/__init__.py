"""A set by others than those who made the rules: other networks, other data, other faults."""
