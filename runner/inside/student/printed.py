"""What the student's code prints, and warns of, while a test's call runs."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any, Final

from runner.wire.link import MAX_PRINTED, MAX_WARNINGS

_WORDS: Final = 500


class Printed(io.StringIO):
    """Keeps the beginning of what is printed."""

    def write(self, text: str) -> int:
        """Keep the text as far as there is room. Return its length."""
        super().write(text[: MAX_PRINTED - self.tell()])
        return len(text)


class Heard:
    """What is told of one call, beside its answer."""

    def __init__(self) -> None:
        self._printed = Printed()
        self._warned: list[list[object]] = []

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Hear what is printed inside, and each warning, for the test's own filters.

        As in a notebook, what the test says of warnings goes before what was said above.
        """
        with contextlib.redirect_stdout(self._printed), warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = self._note
            yield

    def _note(
        self, message: Any, category: type[Warning], filename: str, *_: Any, **__: Any
    ) -> None:
        if len(self._warned) < MAX_WARNINGS:
            kind = next(
                one.__name__ for one in category.__mro__ if one.__module__ == "builtins"
            )
            is_own = not filename.endswith(".py")
            self._warned.append([kind, str(message)[:_WORDS], is_own])

    def told(self) -> dict[str, object]:
        """Return what was heard, as parts of an answer's header."""
        text = self._printed.getvalue()
        return {
            **({"out": text} if text else {}),
            **({"warned": self._warned} if self._warned else {}),
        }
