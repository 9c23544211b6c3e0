"""Notebooks that were handed in: read, checked and followed, never executed."""
