"""The benchmarks: the runner beside its peers, in one run on one machine.

`make bench` runs them; docs/benchmarks.md was written by one such run.
"""
