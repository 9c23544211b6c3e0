"""The grader's process, which holds and runs the tests and no student code.

A test asks the notebook over a socket: a snapshot of the student's process answers, and
each answer is data.
"""
