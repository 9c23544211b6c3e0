"""Courses and what is in them, for other programs to read."""
