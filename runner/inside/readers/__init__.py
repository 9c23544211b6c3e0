"""What files of weights, arrays and pickles hold, read without running any of it.

Each reader follows a file's bytes and makes data from them by functions of its own: it
imports nothing that a file names, and calls nothing that a file chooses.
"""
