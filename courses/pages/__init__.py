"""What each page of a course shows, as plain data for its template."""
