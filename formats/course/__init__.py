"""Course files: a whole course in one YAML file, read as rows.

docs/course-files.md describes the format for staff. What compares the rows with the
database, and writes them there or out, is in courses/course_file/.
"""
