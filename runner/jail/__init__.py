"""The jail: what a student's process can see, reach and use. Made of system calls alone.

The order in which a jail is built, and why, is in docs/sandbox.md. Policy is data
(`policy`), mechanism is one module for each kernel interface.
"""
