"""The refusal to list the names of a notebook, since a test holds only its own names.

A list of the test's own names would look like a list of all: `"LinearRegression" not in
set(globals())` would hold for every notebook. Python's own runners of tests do list
them: they look for a test's own functions and classes.
"""

import sys
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from types import FrameType
from typing import Any, Final

from runner.inside.grader.answers import NotDataError

# Modules that list names for themselves. Any other might hand the list to a test.
_LISTING: Final = frozenset(
    (
        *("runner", "traceback", "linecache", "typing", "dataclasses"),
        *("typing_extensions", "inspect", "warnings", "importlib", "_pytest", "torch"),
        *("unittest.loader", "unittest.main", "unittest.mock", "hypothesis"),
    )
)
# Modules between the dictionary and whoever lists it.
_BETWEEN: Final = frozenset(
    (__name__, "collections.abc", "runner.inside.grader.main_module")
)
# Functions of these modules that return the list.
_GIVING: Final = frozenset(("_getmembers", "getmembers", "getmembers_static"))
_WORDS: Final = (
    "the names of a notebook are not listed, because tests get them one by one. Write "
    '`"name" in globals()`, or go through the names that you expect: `for name in ("one", '
    '"other")`'
)


class ListedNames(dict[str, Any]):
    """A dictionary of names. Raises NotDataError if a test lists them.

    Names can still be looked up, in the views too: `"name" in globals().keys()`.
    """

    def __iter__(self) -> Iterator[str]:
        check_listing()
        return super().__iter__()

    def __reversed__(self) -> Iterator[str]:
        check_listing()
        return super().__reversed__()

    def __len__(self) -> int:
        check_listing()
        return super().__len__()

    def __repr__(self) -> str:
        check_listing()
        return "<the names of a notebook>"

    def keys(self) -> KeysView[str]:  # type: ignore[override]  # a view of another kind
        """Return a view in which names are looked up."""
        return KeysView(self)

    def values(self) -> ValuesView[Any]:  # type: ignore[override]  # same
        """Return a view that is refused when a test goes through it."""
        return ValuesView(self)

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]  # same
        """Return a view that is refused when a test goes through it."""
        return ItemsView(self)

    def popitem(self) -> tuple[str, Any]:
        """Refuse to choose a name: it would be one of the test's own."""
        raise NotDataError(_WORDS)


def check_listing() -> None:
    """Raise NotDataError unless a runner of tests, or Python itself, lists the names."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - who asks decides
    while frame is not None and frame.f_globals.get("__name__") in _BETWEEN:
        frame = frame.f_back
    if frame is None or not _may_list(frame):
        raise NotDataError(_WORDS)


def _may_list(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__"))
    if frame.f_code.co_name in _GIVING:
        return False
    return name in _LISTING or name.partition(".")[0] in _LISTING
