"""Views of courses, one module for each part."""
