"""What a name in a test stands for, if the test itself does not say."""

import builtins
import contextlib
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any, Final

from runner.grader.handles import Handle, NotDataError
from runner.grader.student import Student
from runner.values.naming import import_named

# How everybody calls these. A notebook's own idea of them is of no interest.
_USUAL: Final[Mapping[str, str]] = {
    **dict.fromkeys(("np", "numpy"), "numpy"),
    **{name: name for name in ("torch", "math", "random", "itertools", "os", "sys")},
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "optim": "torch.optim",
    "plt": "matplotlib.pyplot",
    "pd": "pandas",
}


class Library:
    """What tests import: this process's own copy, whatever the notebook made of it.

    `names` says what else a name stands for: "numpy", or "torch.nn:Conv2d".
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {**_USUAL, **names}

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def find(self, name: str) -> object:
        """Return what the name stands for. Raises ImportError or AttributeError."""
        return import_named(self._names[name])


class Names(dict[str, Any]):
    """The names of a test that is a piece of a notebook.

    First what the test has itself, then Python's own, then what the staff's notebook
    imports, then the student's: asked for once, so that a list is one and the same.
    """

    def __init__(self, student: Student, library: Library) -> None:
        super().__init__(__name__="checks", __builtins__=builtins)
        self._student = student
        self._library = library

    def __setitem__(self, name: str, value: Any) -> None:
        """A function or object in the place of one of the notebook's goes there too.

        Data does not: it may be what the test expects.
        """
        super().__setitem__(name, value)
        if callable(value) or issubclass(type(value), Handle):
            self._student.ask("rebind", name, value)

    def __delitem__(self, name: str) -> None:
        is_own = super().pop(name, self) is not self
        if not self._student.ask("unbind", name) and not is_own:
            raise KeyError(name)

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name):
            raise KeyError(name)  # Python goes on to look there
        super().__setitem__(name, self._find(name))
        return self[name]

    def _find(self, name: str) -> Any:
        if name in self._library:
            try:
                return self._library.find(name)
            except (ImportError, AttributeError):
                pass  # the notebook may have something of this name
        return self._student.name(name)


class _Main(types.ModuleType):
    """The notebook as the module `__main__`, as code within it would find it."""

    def __init__(self, names: Names) -> None:
        super().__init__("__main__")
        object.__setattr__(self, "_Main__names", names)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            with contextlib.suppress(KeyError, NameError):
                return self.__names[name]
        raise AttributeError(name)

    def __setattr__(self, name: str, value: object) -> None:
        self.__names[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self.__names[name]
        except KeyError:
            raise AttributeError(name) from None


@contextlib.contextmanager
def as_main(names: Names) -> Iterator[None]:
    """Inside, `__main__` is the notebook: `mock.patch("__main__.double")` reaches it."""
    kept = sys.modules["__main__"]
    sys.modules["__main__"] = _Main(names)
    try:
        yield
    finally:
        sys.modules["__main__"] = kept


class Everything(Mapping[str, Any]):
    """All names of the notebook, each asked for when it is used."""

    def __init__(self, student: Student) -> None:
        self._student = student

    def __getitem__(self, name: str) -> Any:
        try:
            return self._student.name(name)
        except NameError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        raise NotDataError("the names of a notebook are not listed")

    def __len__(self) -> int:
        raise NotDataError("the names of a notebook are not counted")
