"""Pages of courses, one module for each part."""
