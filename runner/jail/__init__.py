"""The jail: what a student's process can see, reach and use.

A jail is made of system calls alone. docs/sandbox.md says in which order it is built, and
why. The rules are data (`path_rules`, `system_calls`); the mechanism is one module for
each kernel interface.
"""
