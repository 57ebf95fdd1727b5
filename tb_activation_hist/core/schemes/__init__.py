"""Bin schemes: the protocol, one file for each scheme, and the registry of all."""
