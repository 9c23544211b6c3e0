"""A course file and the database: compared, imported and exported.

docs/course-files.md describes the format for staff; formats/course/ reads it.
"""
