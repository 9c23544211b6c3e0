"""Programs that a peer is measured in: each in a process, and interpreter, of its own.

They import nothing of ours but this package.
"""
