"""Views of the gradebook, one module for each page."""
