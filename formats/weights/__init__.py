"""Recognise and check files of weights by their bytes. They are never loaded."""
