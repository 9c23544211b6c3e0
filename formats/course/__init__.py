"""Read course files: a whole course in one YAML file, as rows.

docs/course-files.md describes the format for staff. courses/course_file/ compares the
rows with the database, writes them to it, and exports them.
"""
