"""What each page of a course shows, as frozen data for its template."""
