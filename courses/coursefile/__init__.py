"""A whole course in one YAML file: read, compared, imported and written again.

docs/course-files.md describes the format for staff.
"""
