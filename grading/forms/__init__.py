"""Forms of the pages of coursework, runs and marks."""
