"""The command line of Softmark: read courses, hand in, follow runs, download."""

__version__ = "0.1.0"
