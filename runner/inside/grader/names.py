"""The names in a test that the test itself does not define, and their look-up."""

import builtins
import contextlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from runner.inside.grader import (
    changed_arguments,
    class_hashes,
    empty_values,
    error_bases,
    global_names,
    identities,
    refusals,
    string_formatting,
)
from runner.inside.grader.handles import NotDataError
from runner.inside.grader.listed_names import ListedNames
from runner.inside.grader.notebook_names import NotebookNames
from runner.inside.grader.snapshot_client import SnapshotClient
from runner.inside.grader.stand_ins import StandInError, stand_in_for
from runner.wire.naming import import_named

# The usual names of these libraries, whatever the notebook means by them.
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
    """The libraries that tests import: this process's own, not the notebook's.

    `names` maps further names to what they stand for: "numpy", or "torch.nn:Conv2d".
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {**_USUAL, **names}

    @property
    def names(self) -> frozenset[str]:
        """All names that stand for a library, or for something in one."""
        return frozenset(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def find(self, name: str) -> object:
        """Return the module or object that the name stands for. Raises ImportError.

        Nothing of the notebook's takes its place: that could answer for the library, or
        for a helper module of the course.
        """
        target = self._names[name]
        try:
            return import_named(target)
        except Exception as error:
            words = (
                f"{name!r} stands for {target!r} in the staff's notebook, and the tests "
                f"cannot import that ({type(error).__name__}: {error}). It must be "
                "installed, or be one of the course's own files. It must import nothing "
                "that students hand in"
            )
            raise refusals.note(ImportError(words)) from error


class Names(ListedNames):
    """The global names of a test that is a piece of a notebook.

    A name is looked up first among the test's own, then in the notebook if the staff's
    notebook defines it (`defined`), then among Python's built-ins, then in the
    libraries that the staff's notebook imports, and last in the notebook again. This
    dictionary holds only the test's own names and the libraries, because the notebook's
    may change with each call.

    A value that a test gives to a name stays in the test. Only a name that the staff's
    notebook defines can be removed from the notebook, or be replaced by a stand-in. Names
    are looked up one by one, and not listed.
    """

    def __init__(
        self, student: SnapshotClient, library: Library, defined: Collection[str] = ()
    ) -> None:
        # As in a notebook: `if __name__ == "__main__": unittest.main()`.
        super().__init__(__name__="__main__", __builtins__=builtins)
        super().__setitem__(string_formatting.NAME, string_formatting.format_of)
        super().__setitem__(global_names.NAME, globals)
        super().__setitem__(empty_values.NAME, empty_values.apply_operator)
        super().__setitem__(class_hashes.NAME, class_hashes.hash_as_class_gives_it)
        super().__setitem__(error_bases.NAME, error_bases.class_asked_for)
        super().__setitem__(identities.NAME, identities.is_same)
        super().__setitem__(changed_arguments.NAME, student.arguments)
        self._student = student
        self._library = library
        self._defined = frozenset(defined)
        self._replaced: set[str] = set()
        self._notebook = NotebookNames(student)

    def __setitem__(self, name: str, value: Any) -> None:
        """Bind the name here, and in the notebook too if the value is a stand-in."""
        super().__setitem__(name, value)
        if name in self._defined:
            self._replace(name, value)

    def replace(self, name: str, value: Any) -> None:
        """Bind the name here and in the notebook. Raises StandInError if it may not be."""
        if name not in self._defined:
            raise StandInError(
                f"{name!r} cannot be replaced: the staff's notebook does not define it"
            )
        super().__setitem__(name, value)
        if not self._replace(name, value):
            raise StandInError(
                f"{name!r} can be replaced only by an object of the notebook, by a function "
                "that raises a built-in exception or returns nothing, or by a mock without "
                "a return value"
            )

    def _replace(self, name: str, value: object) -> bool:
        """Replace the notebook's name by a stand-in; return whether that was possible."""
        stand_in = stand_in_for(value)
        if stand_in is None:
            return False
        self._replaced.add(name)
        self._student.stand_ins.pop(name, None)
        if stand_in.handle is not None:
            self._student.ask("replace", name, stand_in.handle)
            return True
        if stand_in.records:
            self._student.stand_ins[name] = value  # type: ignore[assignment]  # a mock
        self._student.ask("stub", name, stand_in.raises, stand_in.records)
        return True

    def __delitem__(self, name: str) -> None:
        is_own = super().pop(name, self) is not self
        is_own = self._notebook.forget(name) or is_own
        had = False
        if name in self._defined:
            self._replaced.add(name)
            self._student.stand_ins.pop(name, None)
            had = self._student.ask("remove", name) is True
        if not had and not is_own:
            raise KeyError(name)

    def pop(self, name: str, *default: Any) -> Any:
        """Remove the name as `del` does, and return its value."""
        if name not in self:
            return super().pop(name, *default)
        value = self[name]
        del self[name]
        return value

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return the name's value; bind the name to the default if it has none."""
        if name not in self:
            self[name] = default
        return self[name]

    def update(self, *others: Any, **named: Any) -> None:
        """Bind each name by itself."""
        for name, value in dict(*others, **named).items():
            self[name] = value

    def copy(self) -> "Names":
        """Return a copy that knows the notebook, too: doctest runs examples in it."""
        made = Names(self._student, self._library, self._defined)
        for name, value in dict.items(self):
            dict.__setitem__(made, name, value)
        made._replaced = self._replaced  # for `restore`: the copy replaces names, too
        return made

    __copy__ = copy

    def restore(self) -> None:
        """Restore in the notebook the names that were replaced or removed."""
        self._student.stand_ins.clear()
        for name in self._replaced:
            # A snapshot that is gone needs nothing.
            with contextlib.suppress(Exception):
                self._student.ask("restore", name)
        self._replaced.clear()

    def __contains__(self, name: object) -> bool:
        """Return whether a test finds the name: `"double" in globals()`."""
        if super().__contains__(name) or not isinstance(name, str):
            return super().__contains__(name)
        if name not in self._defined:
            if name.startswith("__") and hasattr(builtins, name):
                return False
            if name in self._library and not hasattr(builtins, name):
                return True
        return self._student.ask("has", name) is True

    def get(self, name: str, default: Any = None) -> Any:
        """Return what the name stands for, or the default.

        A built-in name is also looked up in the notebook, which may have redefined it.
        """
        try:
            return self[name]
        except (KeyError, NameError):
            if hasattr(builtins, name) and name in self:
                return self._notebook[name]
        return default

    def __missing__(self, name: str) -> Any:
        if name not in self._defined and hasattr(builtins, name):
            raise KeyError(name)  # Python then looks it up in `builtins`
        if name in self._library and name not in self._defined:
            super().__setitem__(name, self._library.find(name))
            return self[name]
        return self._notebook[name]


class AllNames(Mapping[str, Any]):
    """All names of the notebook. Each is asked for when it is used."""

    def __init__(self, student: SnapshotClient) -> None:
        self._notebook = NotebookNames(student)

    def __getitem__(self, name: str) -> Any:
        try:
            return self._notebook[name]
        except NameError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        raise NotDataError("the names of a notebook are not listed")

    def __len__(self) -> int:
        raise NotDataError("the names of a notebook are not counted")
