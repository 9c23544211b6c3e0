"""Compare a course file with the database, import it, and export one.

docs/course-files.md describes the format for staff; formats/course/ reads it.
"""
