"""What work counts: the parts of a course's mark, totals and letters."""
