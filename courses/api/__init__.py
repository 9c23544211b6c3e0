"""The read-only API of courses and their content."""
