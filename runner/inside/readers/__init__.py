"""Readers for files of weights, arrays and pickles, which run nothing of a file.

Each reader follows a file's bytes and makes data from them with functions of its own:
it imports nothing that a file names, and calls nothing that a file chooses.
"""
