"""The classes of the student's exceptions: what they derive from, and what they tell.

Python's own ordinary errors are imitated, and so are exception classes that the staff's
notebook defines: a test that expects one has written its name. What is no `Exception` in
the notebook, or has a meaning for Python itself, is no `Exception` here.
"""

import builtins
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from runner.inside.grader import error_bases
from runner.inside.grader.answers import NotDataError
from runner.inside.grader.callers import CALLERS
from runner.inside.grader.handle_parts import HandleBase, is_handle, student_of
from runner.inside.grader.library_errors import ORDINARY
from runner.inside.values.nodes import CodecError

# What describes a class. The class that is made here has other members.
OF_CLASS: Final = frozenset(("__dict__", "__doc__", "__annotations__"))


class StudentClass(type):
    """The metaclass of the student's exception classes: a test may call and read them."""

    handle: HandleBase | None = None

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        if cls.handle is None:
            return super().__call__(*arguments, **named)
        handle: Any = cls.handle
        return handle(*arguments, **named)

    def __getattribute__(cls, name: str) -> Any:
        """Ask the student's class for what only that class can tell a test.

        Its base classes are answered by those that the snapshot has told of.
        """
        is_asked = name in OF_CLASS or name in error_bases.NAMES
        if is_asked and CALLERS.is_test(sys._getframe(1)):  # noqa: SLF001 - who asks decides
            if name in error_bases.NAMES:
                return error_bases.of_test(cls, name)
            handle = type.__getattribute__(cls, "handle")
            if handle is not None:
                return getattr(handle, name)
        return super().__getattribute__(name)

    def __getattr__(cls, name: str) -> Any:
        if cls.handle is None:
            raise AttributeError(name)
        return getattr(cls.handle, name)

    def __eq__(cls, other: object) -> bool:
        """Return whether the class is the other one, or stands for it."""
        return cls is other or error_bases.stood_for(cls) is other

    def __hash__(cls) -> int:
        return type.__hash__(error_bases.stood_for(cls))

    def __instancecheck__(cls, instance: object) -> bool:
        if is_handle(instance) and cls.handle is not None:
            return isinstance(instance, cls.handle)  # type: ignore[arg-type]  # a class
        return super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return super().__subclasscheck__(error_bases.behind(subclass))


class StudentBaseError(BaseException, metaclass=StudentClass):
    """An exception of the student's code.

    It is of this class itself if the notebook's is no `Exception`, or is one to which
    Python itself gives a meaning. No test takes it for an ordinary error then.
    """

    # The classes that stand in the place of its bases for a test, None if not all are
    # known.
    told: tuple[type, ...] | None = (BaseException,)

    # Private by Python's name mangling: any other name may be one of the student's.
    __words: str | None = None
    __object: HandleBase | None = None

    def __str__(self) -> str:
        return super().__str__() if self.__words is None else self.__words

    def __repr__(self) -> str:
        """Return the text that the student's class gives, if a test asks."""
        behind = self.__object
        if behind is None or not CALLERS.is_test(sys._getframe(1)):  # noqa: SLF001 - same
            return super().__repr__()
        text = student_of(behind).ask("repr", behind)
        if type(text) is not str:
            raise CodecError("the student's process sent an invalid text")
        return text

    def __getattr__(self, name: str) -> Any:
        """Ask for an attribute of the exception that the student's code raised."""
        if self.__object is None or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.__object, name)

    @property  # type: ignore[misc]  # what isinstance asks
    def __class__(self) -> type:
        """The class by all base classes that the snapshot has told of, for a test."""
        kind: Any = type(self)
        if CALLERS.asks_for_class(sys._getframe(1)):  # noqa: SLF001 - who asks decides
            kind = error_bases.class_for_test(kind)
        return kind  # type: ignore[no-any-return]  # a class


class StudentRaisedError(StudentBaseError, Exception):
    """An ordinary exception of the student's code: this class if it has no imitation."""

    told = (Exception,)


_imitations: Final[dict[type, type[StudentBaseError]]] = {}


class UnknownError(StudentBaseError):
    """A base class of the student's of which nothing is known."""

    told = None


def derived(
    name: str, parents: Sequence[type[StudentBaseError]], *, is_whole: bool
) -> type[StudentBaseError]:
    """Return a class with these bases. If not `is_whole`, it has others, too."""
    bases = tuple(dict.fromkeys(parents)) or (UnknownError,)
    body = {"__module__": "__main__", "handle": None}
    told = {"told": bases if is_whole else None}
    try:
        return StudentClass(name, bases, body | told)  # type: ignore[return-value]  # its bases are
    except TypeError:  # Python finds no method resolution order for these bases
        return StudentClass(name, (UnknownError,), body | {"told": None})  # type: ignore[return-value]  # same


def imitation(kind: str) -> type[StudentBaseError]:
    base = exact(kind)
    if base is not None:
        return StudentRaisedError if base is Exception else imitation_of(base)
    other = getattr(builtins, kind, None)
    if other is ExceptionGroup:
        return imitation_of(other)
    if isinstance(other, type) and issubclass(other, BaseException):
        return StudentBaseError if other is BaseException else _not_imitated(other)
    return StudentRaisedError


def _new_group(kind: Any, *_: object) -> Any:
    """Make a group of errors, of which only the class and the words are known."""
    unknown = [StudentRaisedError("an error of a group")]
    return ExceptionGroup.__new__(kind, "errors", unknown)


def _no_part(self: object, *_: object) -> NoReturn:
    """Refuse to tell the errors of a group: they are not sent."""
    raise NotDataError(
        f"the errors of a group ({type(self).__name__}) are not sent to a test: let a "
        "function of the notebook catch the group and return what matters"
    )


# `except*` asks a group by `split` for what it takes.
_OF_GROUPS: Final[Mapping[str, Any]] = {
    "__new__": _new_group,
    **dict.fromkeys(("exceptions", "message"), property(_no_part)),
    **dict.fromkeys(("split", "subgroup", "derive"), _no_part),
}


def _not_imitated(base: type) -> type[StudentBaseError]:
    """Return a class that stands for a built-in one and is not derived from it."""
    if base not in _imitations:
        body = {"__module__": "builtins", "handle": None, "told": (base,)}
        made: Any = StudentClass(base.__name__, (StudentBaseError,), body)
        _imitations[base] = made
    return _imitations[base]


def exact(kind: str) -> type[Exception] | None:
    """Return the built-in class with this name if it is an ordinary one, or Exception."""
    base = getattr(builtins, kind, None)
    if base is Exception or (isinstance(base, type) and issubclass(base, ORDINARY)):
        found: type[Exception] = base
        return found
    return None


def imitation_of(base: type) -> type[StudentBaseError]:
    if base not in _imitations:
        parents = (StudentRaisedError, base)
        body = {"__module__": base.__module__, "handle": None, "told": (base,)}
        if base is ExceptionGroup:
            body |= _OF_GROUPS
        made: Any = StudentClass(base.__name__, parents, body)
        _imitations[base] = made
    return _imitations[base]
