"""The data of the gradebook's pages: frozen dataclasses that are made from rows."""
