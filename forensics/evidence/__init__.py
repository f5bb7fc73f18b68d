"""The evidence folder: pictures, copies for browsers, what detectors left, and how long it stays."""
