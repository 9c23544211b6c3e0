"""Programs in which a peer is measured, each in its own process and interpreter.

Of our code they import only this package.
"""
