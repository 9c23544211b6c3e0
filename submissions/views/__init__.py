"""Views of submissions, one module for each page."""
