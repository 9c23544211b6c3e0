"""The staff's texts: constants of the tests and of the course's own files.

Text that a test has from the student must never be evaluated beside the tests. Text may
be evaluated if it stands unchanged in the tests' source or in a file of the staff's.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from runner.inside.grader.fixed_seeds import ranges_in

_LARGEST: Final = 1024**2
_NUMBER: Final = re.compile(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?(?!\w)")


class StaffTexts:
    """The texts of one question's tests, and of the staff's files."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._numbers: frozenset[float] = frozenset()
        self._folders: tuple[Path, ...] = ()
        self._filed: set[str] | None = None

    def use_sources(self, sources: Iterable[str]) -> None:
        """Use these sources as the text of the tests that are to run."""
        sources = list(sources)
        self._texts = set()
        self._numbers = frozenset(_numbers(sources))
        for source in sources:
            self._texts.add(_plain(source))
            self._texts.update(map(_plain, _constants(source)))

    def use_folders(self, *folders: Path) -> None:
        """Use the files in these folders as the staff's own."""
        self._folders, self._filed = folders, None

    def covers(self, text: str) -> bool:
        """Return whether the text is the staff's, apart from white space."""
        plain = _plain(text)
        if plain in self._texts:
            return True
        if self._filed is None:
            self._filed = set(self._from_files())
        return plain in self._filed

    def holds_number(self, value: object) -> bool:
        """Return whether the value is a number that stands in the tests, or its negative."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        try:
            return abs(float(value)) in self._numbers
        except OverflowError:
            return False

    def _from_files(self) -> Iterator[str]:
        for folder in self._folders:
            for path in folder.rglob("*"):
                if not path.is_file() or path.stat().st_size > _LARGEST:
                    continue
                text = path.read_text(errors="replace")
                yield _plain(text)
                if path.suffix == ".py":
                    yield from map(_plain, _constants(text))


def _plain(text: str) -> str:
    """Return the text without white space: a test may remove its indentation."""
    return "".join(text.split())


def _numbers(sources: Iterable[str]) -> Iterator[float]:
    for source in sources:
        yield from map(float, _NUMBER.findall(source))
    yield from map(float, ranges_in(sources))


def _constants(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
            yield from node.value.splitlines()


# A process runs the tests of one question at a time.
STAFF_TEXTS: Final = StaffTexts()
