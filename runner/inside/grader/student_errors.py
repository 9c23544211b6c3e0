"""The exceptions of the student's code, as exceptions that a test can catch.

Python's own ordinary errors are imitated, and so are exception classes that the staff's
notebook defines: a test that expects one has written its name. No class made here is a
superclass of anything but the student's errors, so none catches what the test itself
raises. And what is no `Exception` in the notebook, or cannot be imitated, is no
`Exception` here: no `except` and no `issubclass` takes it for an ordinary error.
"""

import builtins
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from runner.inside.grader import exact_errors
from runner.inside.grader.answers import NotDataError
from runner.inside.grader.error_classes import (
    StudentBaseError,
    StudentClass,
    StudentRaisedError,
    UnknownError,
    derived,
    exact,
    imitation,
    imitation_of,
)
from runner.inside.grader.handle_parts import HandleBase, is_handle
from runner.inside.grader.library_errors import ORDINARY, library_class, made_of
from runner.inside.values.codec import REFUSED
from runner.inside.values.nodes import CodecError

_Raised = TypeVar("_Raised", bound=BaseException)
_LABEL: Final = 80
_WORDS_OF_ERROR: Final = 500
# Ancestors beyond this depth and bases beyond this number are left out. For classes
# beyond this number, one of their bases is used.
_MAX_DEPTH: Final = 30
_MAX_BASES: Final = 8
_MAX_CLASSES: Final = 1000
_WORDS: Final = "_StudentBaseError__words"
_OBJECT: Final = "_StudentBaseError__object"
_CAME: Final = "_StudentBaseError__came"
_ATOMS: Final = frozenset((type(None), bool, int, float, str))
_NOT_CAUGHT: Final = (
    " (a test cannot catch this class of the student's errors: let a function of the "
    "notebook catch it and return what the test should see)"
)


class NotDefinedError(NameError):
    """Raised when the notebook has no such name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"name {name!r} is not defined")
        self.missing = name


def raised(
    kind: str, words: str, arguments: Sequence[object] | None = None
) -> BaseException:
    """Return a ValueError if a ValueError was raised, and the like.

    If it cannot be made from these arguments, return one of a class derived from it. Only
    ordinary errors are imitated. Exceptions that steer the interpreter (StopIteration,
    GeneratorExit, SystemExit, KeyboardInterrupt) become a StudentBaseError.
    """
    same = exact_errors.make(exact(kind), words, arguments)
    if same is not None:
        return _with_origin(same, kind, arguments)
    found = imitation(kind)
    if found is StudentRaisedError or not issubclass(found, Exception):
        hint = "" if issubclass(found, Exception) else _NOT_CAUGHT
        made: StudentBaseError = type.__call__(found, f"{kind[:_LABEL]}: {words}{hint}")
        return _with_origin(made, kind, arguments)
    return _made(found, words, arguments) or StudentBaseError(f"{kind}: {words}")


def handle_behind(value: object) -> HandleBase | None:
    """Return the student's object behind an exception or a class of exceptions, or None."""
    if isinstance(value, StudentClass):
        return value.handle
    if not isinstance(value, StudentBaseError):
        return None
    found: HandleBase | None = vars(value).get(_OBJECT)
    return found


def is_student_s(error: object) -> bool:
    """Return whether the student's code has raised the error, and no test."""
    return isinstance(error, BaseException) and (
        isinstance(error, StudentBaseError) or _CAME in vars(error)
    )


def nearest_builtin(error: BaseException) -> type[BaseException] | None:
    """Return the built-in class that the error imitates, or None."""
    kinds = (one for one in type(error).__mro__ if one in _IMITATED)
    return next(kinds, None)


def told_of(error: BaseException) -> tuple[object, list[object] | None]:
    """Return what the snapshot is told of an error that it has raised itself.

    This is the exception itself, if it is of a class of the notebook's, or the name of its
    built-in class and the arguments that came with it.
    """
    behind = handle_behind(error)
    if behind is not None:
        return behind, None
    name, arguments = vars(error).get(_CAME, (None, None))
    kind = nearest_builtin(error) or Exception
    return name or kind.__name__, arguments


def built_in_name(kind: type[BaseException]) -> str:
    """Return the name of the nearest built-in class."""
    return next(one.__name__ for one in kind.__mro__ if one.__module__ == "builtins")


def nearest_to(kind: type[BaseException]) -> type:
    """Return the built-in class from which the test's exception class derives.

    A class of this package, such as that for an expired callback, is returned itself.
    """
    if kind.__module__.startswith("runner."):
        return kind
    return next(one for one in kind.__mro__ if one.__module__ == "builtins")


class ErrorClasses:
    """The exception classes of one snapshot, by the numbers of the student's classes."""

    def __init__(self) -> None:
        self._known: dict[int, type[StudentBaseError]] = {}

    def forget(self) -> None:
        """Forget the classes: another check has learned of them."""
        self._known.clear()

    def find(self, node: object, depth: int = 0) -> type[StudentBaseError]:
        """Return the class that the node describes. Raises CodecError.

        A node is the name of a built-in class, the place of a library's class, or the
        number, name and bases of one of the student's.
        """
        match node:
            case str():
                return imitation(node)
            case {"l": str() as place} if (found := library_class(place)) is not None:
                return imitation_of(found)
            case {
                "v": int() as number,
                "n": str() as name,
                "b": list() as bases,
                **others,
            }:
                is_whole = len(bases) <= _MAX_BASES and not others.get("more")
            case _:
                raise CodecError(
                    "the student's process sent an invalid exception class"
                )
        if number in self._known:
            return self._known[number]
        if depth >= _MAX_DEPTH:
            return UnknownError
        parents = [self.find(base, depth + 1) for base in bases[:_MAX_BASES]]
        if len(self._known) >= _MAX_CLASSES:
            bare = (StudentRaisedError, StudentBaseError, UnknownError)
            known = (one for one in parents if one not in bare)
            return next(known, parents[0] if parents else UnknownError)
        self._known[number] = derived(name[:_LABEL], parents, is_whole=is_whole)
        return self._known[number]

    def named(self, node: object, handle: HandleBase) -> type[StudentBaseError]:
        """Return the class that a test has asked for by its name."""
        found = self.find(node)
        if found.handle is None and found in self._known.values():
            type.__setattr__(found, "handle", handle)
        return found

    def raised(
        self, told: Mapping[str, Any], decoded: Callable[[object], object]
    ) -> BaseException:
        """Return the exception that the snapshot tells of, or a NotDataError.

        `decoded` gives the value of a node. Raises CodecError.
        """
        kind, words = str(told.get("type")), str(told.get("words"))[:_WORDS_OF_ERROR]
        if kind == REFUSED:
            # Only this answer is lost. The next check can ask the same snapshot.
            return NotDataError(words)
        arguments, attributes = exact_errors.parts_of(decoded(told.get("data")))
        is_asked = "class" in told
        if is_asked:
            behind = decoded(told.get("object"))
            found = self._error(told["class"], words, arguments, behind)
        else:
            found = raised(kind, words, arguments)
        exact_errors.put(found, attributes, is_asked=is_asked)
        exact_errors.chain(found, told.get("behind"), self._behind)
        return found

    def _error(
        self,
        node: object,
        words: str,
        arguments: Sequence[object] | None,
        handle: object = None,
    ) -> BaseException:
        """Return an exception of the student's own class, with the data it was sent with."""
        kind = self.find(node)
        error = _made(kind, words, arguments) or StudentBaseError(words)
        if is_handle(handle):
            vars(error)[_OBJECT] = handle
        return error

    def _behind(self, told: Mapping[str, Any]) -> BaseException:
        """Return one of the errors because of which another was raised."""
        kind, words = str(told["type"]), str(told["words"])[:_WORDS_OF_ERROR]
        given = told["args"]
        are_plain = type(given) is list and all(type(one) in _ATOMS for one in given)
        arguments = given if are_plain else None
        if "class" in told:
            return self._error(told["class"], words, arguments)
        return raised(kind, words, arguments)


def _made(
    kind: type[StudentBaseError], words: str, arguments: Sequence[object] | None
) -> StudentBaseError | None:
    """Return an exception of the class, or None if the class takes other arguments."""
    for given in ([words] if arguments is None else arguments, [words]):
        try:
            error: StudentBaseError = made_of(kind, given)
        except TypeError:  # as UnicodeDecodeError does
            if kind.__module__ in {"builtins", "__main__"}:
                continue
            error = kind.__new__(kind, *given)  # the object has its attributes
        vars(error)[_WORDS] = words
        built_in = nearest_builtin(error)
        name = None if built_in is None else built_in.__name__
        return _with_origin(error, name, arguments)
    return None


def _with_origin(
    error: _Raised, name: str | None, arguments: Sequence[object] | None
) -> _Raised:
    """Keep the class and the plain arguments that the snapshot has told of its error."""
    are_plain = arguments is not None and all(type(one) in _ATOMS for one in arguments)
    vars(error)[_CAME] = name, list(arguments or ()) if are_plain else None
    return error


_IMITATED: Final = frozenset(
    one
    for one in vars(builtins).values()
    if isinstance(one, type) and issubclass(one, ORDINARY)
)


def no_exception(kind: type) -> type:
    """Return the class. Raises NotDataError for a class of exceptions.

    Otherwise the notebook would decide what a test's `except` catches.
    """
    if issubclass(kind, BaseException):
        raise NotDataError(
            "an answer may not be an exception class of Python: name the class in the test"
        )
    return kind
