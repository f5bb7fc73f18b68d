"""How fast it is, measured: `python -m benchmarks`, or `make bench`. Not part of what is installed."""
