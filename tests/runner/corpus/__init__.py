"""The attack catalogue: hostile submissions as data, and the harness that runs them.

docs/attacks.md is the table of all rows. `attacks` holds the submissions, `bench`
runs one and asserts what must hold after every one of them.
"""
