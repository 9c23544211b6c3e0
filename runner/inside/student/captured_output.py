"""Output and warnings of the student's code while a test's call runs."""

import builtins
import contextlib
import io
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Final

from runner.wire.link import MAX_PRINTED, MAX_WARNINGS, Header

_WORDS: Final = 500
_SHOW: Final = warnings.showwarning


class LimitedText(io.StringIO):
    """A text stream that keeps only the beginning of what is printed."""

    def __init__(self) -> None:
        super().__init__()
        self._told = 0

    def new(self) -> str:
        """Return what has been printed since this was last asked."""
        told, self._told = self._told, self.tell()
        return self.getvalue()[told:]

    def write(self, text: str) -> int:
        """Keep as much of the text as there is room for. Return the text's whole length."""
        super().write(text[: MAX_PRINTED - self.tell()])
        return len(text)


class CapturedOutput:
    """The output and the warnings of one call, sent with its answer."""

    def __init__(self) -> None:
        self._printed = LimitedText()
        self._errors = LimitedText()
        self._warned: list[list[object]] = []
        self._told = 0

    @contextlib.contextmanager
    def recording(self, question: Header) -> Iterator[None]:
        """Record inside what a test wants to know: what is printed, and each warning.

        What the notebook has set stays in force, and what the test has set is added, as
        in a notebook's next cell. If the test captures output ("heard"), it gets all that
        is printed; otherwise the notebook's own `sys.stdout` does. `sys.stderr` is heard
        in the same way ("heard_errors"). "warns" names the
        classes of warnings for which the test has filters of its own: these warnings are
        all recorded. For others the notebook's filters decide.
        """
        with contextlib.ExitStack() as around:
            if question.get("heard") is True:
                around.enter_context(contextlib.redirect_stdout(self._printed))
            if question.get("heard_errors") is True:
                around.enter_context(contextlib.redirect_stderr(self._errors))
            around.enter_context(self._hearing_warnings(question.get("warns", ())))
            yield

    @contextlib.contextmanager
    def _hearing_warnings(self, filtered: Sequence[str]) -> Iterator[None]:
        # A test that records warnings enters `catch_warnings`. Python then forgets which
        # warnings it has shown already.
        with warnings.catch_warnings():
            pass
        with contextlib.ExitStack() as around:
            own = warnings.showwarning
            if filtered:
                around.enter_context(warnings.catch_warnings())
                for name in filtered:
                    warnings.simplefilter("always", _warning_class(name))

            def note(*told: Any, **more: Any) -> None:
                self._note(*told, **more)
                if not filtered and own is not _SHOW:
                    own(*told, **more)  # the notebook has a function of its own

            warnings.showwarning = note
            try:
                yield
            finally:
                if warnings.showwarning is note:
                    warnings.showwarning = own

    def _note(
        self, message: Any, category: type[Warning], filename: str, *_: Any, **__: Any
    ) -> None:
        if len(self._warned) < MAX_WARNINGS:
            kind = next(
                one.__name__ for one in category.__mro__ if one.__module__ == "builtins"
            )
            is_own = not filename.endswith(".py")
            place = f"{category.__module__}:{category.__qualname__}"[:_WORDS]
            self._warned.append([kind, str(message)[:_WORDS], is_own, place])

    def header_fields(self) -> dict[str, object]:
        """Return what was recorded since this was last asked, as parts of a header."""
        text, errors = self._printed.new(), self._errors.new()
        warned, self._told = self._warned[self._told :], len(self._warned)
        return {
            **({"out": text} if text else {}),
            **({"err": errors} if errors else {}),
            **({"warned": warned} if warned else {}),
        }


def _warning_class(name: str) -> type[Warning]:
    kind = getattr(builtins, name, Warning)
    is_warning = isinstance(kind, type) and issubclass(kind, Warning)
    return kind if is_warning else Warning
