"""The data of the coursework pages: frozen dataclasses that are made from rows.

A view loads rows and checks rights, a module here makes the page's data from them, and
a template only lays it out.
"""
