"""Data sets on disk to face crops and an index."""
