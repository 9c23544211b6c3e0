"""Forms of the pages on which staff manage a course."""
