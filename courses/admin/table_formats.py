"""The formats of tables in the admin. Imported before django-import-export.

That library asks tablib for every format that is installed, and so loads openpyxl and
numpy, with which each web process is 17 MB larger. The admin offers no Excel files.
"""

from typing import Final

from tablib.formats import registry


class NotOffered:
    """A format that nobody can choose."""

    title: Final = "xlsx"


registry.register("xlsx", NotOffered())
