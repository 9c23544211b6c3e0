"""Output and warnings of the student's code while a test's call runs."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any, Final

from runner.wire.link import MAX_PRINTED, MAX_WARNINGS

_WORDS: Final = 500


class LimitedText(io.StringIO):
    """A text stream that keeps only the beginning of what is printed."""

    def write(self, text: str) -> int:
        """Keep as much of the text as there is room for. Return the text's whole length."""
        super().write(text[: MAX_PRINTED - self.tell()])
        return len(text)


class CapturedOutput:
    """The output and the warnings of one call, sent with its answer."""

    def __init__(self) -> None:
        self._printed = LimitedText()
        self._warned: list[list[object]] = []

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Record inside everything that is printed, and each warning.

        The test's own filters for warnings apply, as the latest ones do in a notebook;
        those of the notebook do not.
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

    def header_fields(self) -> dict[str, object]:
        """Return what was recorded, as parts of an answer's header."""
        text = self._printed.getvalue()
        return {
            **({"out": text} if text else {}),
            **({"warned": self._warned} if self._warned else {}),
        }
