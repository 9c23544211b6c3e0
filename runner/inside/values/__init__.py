"""The encoding of values that are sent between a grader and a student's process.

Both sides use this package. The grader trusts nothing that arrives: `codec` builds only
plain data, numpy arrays and torch tensors, from bytes whose sizes were checked, and
unpickles nothing.
"""
