"""Checks of what is handed in, without executing or unpickling any of it."""
