"""Handing in, runs and marks, for other programs."""
