"""Magics that a notebook's kernel adds to IPython's own.

They request something from a front end. Without one they do what they can, so that no
cell fails because of a line that is there out of habit.
"""

from collections.abc import Callable

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import publish_display_data

_publish: Callable[[dict[str, str]], None] = publish_display_data


@magics_class
class NotebookMagics(Magics):
    """Magics for a front end's saving and paging, without a front end."""

    @line_magic
    def autosave(self, line: str) -> None:
        """Put the interval of saving, in seconds, into the output, as a kernel does."""
        try:
            seconds = int(line)
        except ValueError as error:
            raise UsageError(f"%autosave requires an integer, got {line!r}") from error
        script = f"IPython.notebook.set_autosave_interval({seconds * 1000})"
        _publish({"application/javascript": script})
        words = (
            f"Autosaving every {seconds} seconds" if seconds else "Autosave disabled"
        )
        print(words)  # noqa: T201 - the cell's own output

    @line_magic
    def less(self, line: str) -> None:
        """Show nothing: a pager's text is not part of a notebook."""

    @line_magic
    def more(self, line: str) -> None:
        """Show nothing: a pager's text is not part of a notebook."""

    @line_magic
    def man(self, line: str) -> None:
        """Show nothing: a pager's text is not part of a notebook."""
