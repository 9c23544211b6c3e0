"""What the coursework pages show, put together from rows: frozen dataclasses.

A view loads and authorises, a module here assembles, a template only lays out.
"""
