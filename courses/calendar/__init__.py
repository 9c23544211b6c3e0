"""Give each person their calendar as an iCalendar feed (RFC 5545)."""
