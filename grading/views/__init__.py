"""Views of coursework, runs and marks, one module for each page."""
