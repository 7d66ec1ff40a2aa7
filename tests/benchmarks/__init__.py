"""How fast it is: `python -m tests.benchmarks`, which is what `make bench` runs."""
