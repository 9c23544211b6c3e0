"""Where the executed notebook goes: beside the notebook, another file, or stdout."""

import os
from pathlib import Path
from typing import Final, TextIO

from portal.local_run.inputs import UnusableRequestError

STANDARD_OUTPUT: Final = "-"


class Output:
    """The target of the executed notebook, checked to be writable before the run.

    `target` is a path, "-" for the stream `out`, or "" for NAME.executed.ipynb beside
    the notebook. Raises UnusableRequestError.
    """

    def __init__(self, target: str, *, notebook: Path, out: TextIO) -> None:
        self._out = out
        self.is_stream = target == STANDARD_OUTPUT
        beside = notebook.with_name(
            f"{notebook.name.removesuffix('.ipynb')}.executed.ipynb"
        )
        self.path = Path(target) if target else beside
        if not self.is_stream:
            self._check(notebook)

    def _check(self, notebook: Path) -> None:
        folder = self.path.parent
        why = ""
        if self.path.resolve() == notebook.resolve():
            why = "this is the notebook itself"
        elif self.path.is_dir():
            why = "this is a folder"
        elif not folder.is_dir():
            why = f"there is no folder {folder}"
        elif not os.access(folder, os.W_OK):
            why = f"you may not write into {folder}"
        if why:
            raise UnusableRequestError(
                f"The executed notebook cannot be written to {self.path}: {why}. Give "
                "another file with --output, or use --output - for standard output."
            )

    def write(self, text: str) -> str:
        """Write the whole notebook, and return where, in words."""
        if self.is_stream:
            # A notebook is UTF-8, whatever the terminal's encoding is.
            self._out.buffer.write(text.encode())
            self._out.buffer.flush()
            return ""
        # An executed notebook of an earlier run stays whole until this one is written.
        part = self.path.with_name(f"{self.path.name}.part")
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(self.path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise UnusableRequestError(
                f"The notebook ran, but {self.path} cannot be written: "
                f"{error.strerror}."
            ) from error
        return str(self.path)
