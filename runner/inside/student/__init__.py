"""The code that runs in a job's own processes. The host trusts nothing from it."""
