"""Each person's calendar, as an iCalendar feed (RFC 5545)."""
