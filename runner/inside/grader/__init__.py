"""The grader's process: it holds the tests and runs them, and no code of a student's.

What a test asks of the notebook it asks over a socket, of a snapshot of the student's
process, and what comes back is data.
"""
