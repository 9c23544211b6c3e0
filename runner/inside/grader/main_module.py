"""The notebook as the module `__main__`, for tests of all styles."""

import contextlib
import sys
import types
from collections.abc import Iterator
from typing import Any

from runner.inside.grader.answers import NotDataError
from runner.inside.grader.callers import CALLERS
from runner.inside.grader.listed_names import check_listing
from runner.inside.grader.names import Names


class Main(types.ModuleType):
    """The notebook as code within it would see it.

    It has names only while a check runs. The module itself may be imported before.
    """

    def __init__(self) -> None:
        super().__init__("__main__")
        object.__setattr__(self, "_Main__names", None)

    @property
    def __dict__(self) -> Names:  # type: ignore[override]  # what `vars` gives
        """The names, which are looked up and not listed."""
        if sys._getframe(1).f_globals.get("__name__") == "unittest.mock":  # noqa: SLF001 - who asks decides
            # It then asks by `getattr`, which tells it that there is no such name.
            raise AttributeError("__dict__")
        return self.__open()

    def __open(self) -> Names:
        names: Names | None = object.__getattribute__(self, "_Main__names")
        if names is None:
            raise NotDataError(
                "the notebook can be used only while a check runs: read names of "
                "`__main__` inside the check's function"
            )
        return names

    def __getattr__(self, name: str) -> Any:
        # Libraries look into the module whenever they like, and find nothing there.
        is_closed = object.__getattribute__(self, "_Main__names") is None
        is_asked = not is_closed or CALLERS.is_test(sys._getframe(1))  # noqa: SLF001 - who asks decides
        if not name.startswith("__") and is_asked:
            found = self.__open().get(name, self)
            if found is not self:
                return found
        raise AttributeError(name)

    def __dir__(self) -> list[str]:
        """Return the test's own names: a test runner looks for classes of tests there."""
        check_listing()
        return [
            name for name in dict.__iter__(self.__open()) if not name.startswith("__")
        ]

    def __setattr__(self, name: str, value: object) -> None:
        self.__open().replace(name, value)

    def __delattr__(self, name: str) -> None:
        try:
            del self.__open()[name]
        except KeyError:
            raise AttributeError(name) from None


@contextlib.contextmanager
def as_main(main: Main, names: Names | None) -> Iterator[None]:
    """Make `__main__` the notebook inside, for `mock.patch("__main__.double")`.

    At the end the notebook gets its own names back.
    """
    kept = sys.modules["__main__"]
    sys.modules["__main__"] = main
    object.__setattr__(main, "_Main__names", names)
    try:
        yield
    finally:
        sys.modules["__main__"] = kept
        object.__setattr__(main, "_Main__names", None)
        if names is not None:
            names.restore()
