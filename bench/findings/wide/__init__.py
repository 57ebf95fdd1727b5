"""Architectures that people use, faults that people make, and healthy trainings of all sorts."""
