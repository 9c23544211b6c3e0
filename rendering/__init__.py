"""Turns text that people wrote into HTML that is safe to show."""
