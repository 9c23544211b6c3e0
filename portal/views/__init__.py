"""Views of the pages that belong to no course, one module for each page."""
