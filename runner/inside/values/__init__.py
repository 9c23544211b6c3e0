"""Values that cross between a grader and a student's process, and the link they cross.

Both sides use this. The grader trusts nothing that arrives: `codec` builds only plain
data, numpy arrays and torch tensors, from bytes whose sizes were checked, and
unpickles nothing.
"""
