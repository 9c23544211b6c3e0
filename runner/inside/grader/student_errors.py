"""The exceptions of the student's code, as exceptions that a test can catch.

Python's own ordinary errors are imitated, and so are exception classes that the staff's
notebook defines: a test that expects one has written its name. No class made here is a
superclass of anything but the student's errors, so none catches what the test itself
raises.
"""

import builtins
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from runner.inside.grader import exact_errors
from runner.inside.grader.answers import NotDataError
from runner.inside.grader.handle_parts import HandleBase, is_handle
from runner.inside.values.codec import REFUSED
from runner.inside.values.nodes import CodecError

_Raised = TypeVar("_Raised", bound=Exception)
_LABEL: Final = 80
_WORDS_OF_ERROR: Final = 500
# Ancestors beyond this depth and bases beyond this number are left out. For classes
# beyond this number, one of their bases is used.
_MAX_DEPTH: Final = 8
_MAX_BASES: Final = 8
_MAX_CLASSES: Final = 1000
# Libraries whose exceptions are imitated, too: a test that expects one has named it.
_LIBRARIES: Final = frozenset(
    (
        *("numpy", "torch", "scipy", "sklearn", "pandas", "PIL", "json", "decimal"),
        *(
            "queue",
            "_queue",
            "zipfile",
            "tarfile",
            "_csv",
            "configparser",
            "binascii",
            "struct",
        ),
    )
)
# Exceptions that only say what went wrong. Python itself gives others a meaning:
# StopIteration and its like end the loops and generators of a test that they reach.
_ORDINARY: Final = (
    *(ArithmeticError, AssertionError, AttributeError, BufferError, EOFError),
    *(ImportError, LookupError, MemoryError, NameError, OSError, RuntimeError),
    *(SyntaxError, TypeError, ValueError, Warning),
)


class _StudentClass(type):
    """The metaclass of the student's exception classes: a test may call and read them."""

    handle: HandleBase | None = None

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        if cls.handle is None:
            return super().__call__(*arguments, **named)
        handle: Any = cls.handle
        return handle(*arguments, **named)

    def __getattr__(cls, name: str) -> Any:
        if cls.handle is None:
            raise AttributeError(name)
        return getattr(cls.handle, name)

    def __instancecheck__(cls, instance: object) -> bool:
        if is_handle(instance) and cls.handle is not None:
            return isinstance(instance, cls.handle)  # type: ignore[arg-type]  # a class
        return super().__instancecheck__(instance)


class StudentRaisedError(Exception, metaclass=_StudentClass):
    """An exception of the student's code: this class itself if it has no imitation."""

    # Private by Python's name mangling: any other name may be one of the student's.
    __words: str | None = None
    __object: HandleBase | None = None

    def __str__(self) -> str:
        return super().__str__() if self.__words is None else self.__words

    def __getattr__(self, name: str) -> Any:
        """Ask for an attribute of the exception that the student's code raised."""
        if self.__object is None or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.__object, name)


_WORDS: Final = "_StudentRaisedError__words"
_OBJECT: Final = "_StudentRaisedError__object"
_CAME: Final = "_StudentRaisedError__came"
_ATOMS: Final = frozenset((type(None), bool, int, float, str))
# Exceptions that steer the interpreter. Tests cannot catch them by their class.
_STEERING: Final = frozenset(
    (
        *("StopIteration", "StopAsyncIteration", "GeneratorExit"),
        *("KeyboardInterrupt", "SystemExit"),
    )
)
_NOT_CAUGHT: Final = (
    " (a test cannot catch this class of the student's errors: let a function of the "
    "notebook catch it and return what the test should see)"
)


class NotDefinedError(NameError):
    """Raised when the notebook has no such name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"name {name!r} is not defined")
        self.missing = name


_imitations: Final[dict[type, type[StudentRaisedError]]] = {}


def raised(
    kind: str, words: str, arguments: Sequence[object] | None = None
) -> Exception:
    """Return a ValueError if a ValueError was raised, and the like.

    If it cannot be made from these arguments, return one of a class derived from it. Only
    ordinary errors are imitated. Exceptions that steer the interpreter (StopIteration,
    GeneratorExit, SystemExit, KeyboardInterrupt) become a StudentRaisedError.
    """
    exact = exact_errors.make(_exact(kind), words, arguments)
    if exact is not None:
        return _with_origin(exact, kind, arguments)
    found = _imitation(kind)
    if found is StudentRaisedError:
        hint = _NOT_CAUGHT if kind in _STEERING else ""
        return _with_origin(
            StudentRaisedError(f"{kind[:_LABEL]}: {words}{hint}"), kind, arguments
        )
    return _made(found, words, arguments) or StudentRaisedError(f"{kind}: {words}")


def handle_behind(value: object) -> HandleBase | None:
    """Return the student's object behind an exception or a class of exceptions, or None."""
    if isinstance(value, _StudentClass):
        return value.handle
    if not isinstance(value, StudentRaisedError):
        return None
    found: HandleBase | None = vars(value).get(_OBJECT)
    return found


def is_student_s(error: object) -> bool:
    """Return whether the student's code has raised the error, and no test."""
    return isinstance(error, BaseException) and (
        isinstance(error, StudentRaisedError) or _CAME in vars(error)
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
        self._known: dict[int, type[StudentRaisedError]] = {}

    def forget(self) -> None:
        """Forget the classes: another check has learned of them."""
        self._known.clear()

    def find(self, node: object, depth: int = 0) -> type[StudentRaisedError]:
        """Return the class that the node describes. Raises CodecError.

        A node is the name of a built-in class, the place of a library's class, or the
        number, name and bases of one of the student's.
        """
        match node:
            case str():
                return _imitation(node)
            case {"l": str() as place} if (found := library_class(place)) is not None:
                return _imitation_of(found)
            case {"v": int() as number, "n": str() as name, "b": list() as bases}:
                pass
            case _:
                raise CodecError(
                    "the student's process sent an invalid exception class"
                )
        if number in self._known:
            return self._known[number]
        if depth >= _MAX_DEPTH:
            return StudentRaisedError
        parents = [self.find(base, depth + 1) for base in bases[:_MAX_BASES]]
        if len(self._known) >= _MAX_CLASSES:
            known = (one for one in parents if one is not StudentRaisedError)
            return next(known, StudentRaisedError)
        self._known[number] = _derived(name[:_LABEL], parents)
        return self._known[number]

    def named(self, node: object, handle: HandleBase) -> type[StudentRaisedError]:
        """Return the class that a test has asked for by its name."""
        found = self.find(node)
        if found.handle is None and found in self._known.values():
            type.__setattr__(found, "handle", handle)
        return found

    def raised(
        self, told: Mapping[str, Any], decoded: Callable[[object], object]
    ) -> Exception:
        """Return the exception that the snapshot tells of, or a NotDataError.

        `decoded` gives the value of a node. Raises CodecError.
        """
        kind, words = str(told.get("type")), str(told.get("words"))[:_WORDS_OF_ERROR]
        if kind == REFUSED:
            # Only this answer is lost. The next check can ask the same snapshot.
            return NotDataError(words)
        given, is_asked = decoded(told.get("args")), "class" in told
        arguments = given if type(given) is list else None
        if is_asked:
            behind = decoded(told.get("object"))
            found = self._error(told["class"], words, arguments, behind)
        else:
            found = raised(kind, words, arguments)
        exact_errors.put(found, decoded(told.get("vars")), is_asked=is_asked)
        exact_errors.chain(found, told.get("behind"), self._behind)
        return found

    def _error(
        self,
        node: object,
        words: str,
        arguments: Sequence[object] | None,
        handle: object = None,
    ) -> Exception:
        """Return an exception of the student's own class, with the data it was sent with."""
        kind = self.find(node)
        error = _made(kind, words, arguments) or StudentRaisedError(words)
        if is_handle(handle):
            vars(error)[_OBJECT] = handle
        return error

    def _behind(self, told: Mapping[str, Any]) -> Exception:
        """Return one of the errors because of which another was raised."""
        kind, words = str(told["type"]), str(told["words"])[:_WORDS_OF_ERROR]
        given = told["args"]
        are_plain = type(given) is list and all(type(one) in _ATOMS for one in given)
        arguments = given if are_plain else None
        if "class" in told:
            return self._error(told["class"], words, arguments)
        return raised(kind, words, arguments)


def _derived(
    name: str, parents: Sequence[type[StudentRaisedError]]
) -> type[StudentRaisedError]:
    bases = tuple(dict.fromkeys(parents)) or (StudentRaisedError,)
    body = {"__module__": "__main__", "handle": None}
    try:
        return _StudentClass(name, bases, body)  # type: ignore[return-value]  # its bases are
    except TypeError:  # Python finds no method resolution order for these bases
        return _StudentClass(name, (StudentRaisedError,), body)  # type: ignore[return-value]  # same


def _imitation(kind: str) -> type[StudentRaisedError]:
    base = _exact(kind)
    if base is None or base is Exception:
        return StudentRaisedError
    return _imitation_of(base)


def _exact(kind: str) -> type[Exception] | None:
    """Return the built-in class with this name if it is an ordinary one, or Exception."""
    base = getattr(builtins, kind, None)
    if base is Exception or (isinstance(base, type) and issubclass(base, _ORDINARY)):
        found: type[Exception] = base
        return found
    return None


def library_class(place: str) -> type[Exception] | None:
    """Return a library's class of errors or warnings, or None if it is not imported here.

    The place is the module that defines the class, and the class's name in it. SECURITY:
    a library's module also shows classes of others, such as unittest's SkipTest.
    """
    module, _, name = place.partition(":")
    if module.partition(".")[0] not in _LIBRARIES:
        return None
    base = vars(sys.modules.get(module, types)).get(name)
    if not (isinstance(base, type) and issubclass(base, Exception)):
        return None
    is_its_own = (base.__module__, base.__qualname__) == (module, name)
    return base if is_its_own and _is_ordinary(base) else None


def library_warning(place: str) -> type[Warning] | None:
    """Return such a class of warnings if it is made from its words, or None."""
    kind = library_class(place)
    if kind is None or not issubclass(kind, Warning):
        return None
    own = [one for one in kind.__mro__ if one.__module__ != "builtins"]
    return None if any("__init__" in vars(one) for one in own) else kind


def _is_ordinary(base: type) -> bool:
    """Return whether all base classes are ordinary, or of a library that is imitated."""
    return all(
        kind in {Exception, BaseException, object}
        or (kind.__module__ == "builtins" and issubclass(kind, _ORDINARY))
        or kind.__module__.partition(".")[0] in _LIBRARIES
        for kind in base.__mro__
    )


def _imitation_of(base: type) -> type[StudentRaisedError]:
    if base not in _imitations:
        parents = (StudentRaisedError, base)
        body = {"__module__": base.__module__, "handle": None}
        made: Any = _StudentClass(base.__name__, parents, body)
        _imitations[base] = made
    return _imitations[base]


def _made(
    kind: type[StudentRaisedError], words: str, arguments: Sequence[object] | None
) -> StudentRaisedError | None:
    """Return an exception of the class, or None if the class takes other arguments."""
    for given in ([words] if arguments is None else arguments, [words]):
        try:
            error: StudentRaisedError = type.__call__(kind, *given)
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
    if isinstance(one, type) and issubclass(one, _ORDINARY)
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
