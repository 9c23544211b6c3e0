"""Operators between objects of the student's, and which of their results count."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from runner.inside.grader.handle_parts import (
    is_handle,
    label_of,
    mark_instance,
    observations_of,
    student_of,
)
from runner.inside.grader.observations import NotDataError, Observations
from runner.inside.grader.staff_texts import STAFF_TEXTS
from runner.wire import special_methods

UNARY: Final = ("neg", "pos", "abs", "invert")
BINARY: Final = special_methods.BINARY
_ROUNDING: Final = ("round", "floor", "ceil", "trunc")
# Operators whose value counts. The others compare: with `abs(a - b) < 1e-9` the
# student's code would mark itself.
_COUNTING: Final = frozenset((*UNARY, *_ROUNDING, "add", "mul", "matmul", "and", "or"))


def operators() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the names and methods by which handles take part in operators."""
    for name in (*UNARY, *BINARY):
        if name != "abs":
            yield f"__{name}__", _operator(name)
    for name in BINARY:
        yield f"__r{name}__", _operator(name, is_reversed=True)
        if name != "divmod":  # which has no form in place
            yield f"__i{name}__", _operator(name, is_in_place=True)


def only_some_have(name: str) -> Callable[..., Any]:
    """Return the method for `abs`, `round` and the like, which only some types have."""
    return _operator(name)


def _operator(
    name: str, *, is_reversed: bool = False, is_in_place: bool = False
) -> Callable[..., Any]:
    asked = f"i{name}" if is_in_place else name

    def operate(self: Any, *others: object) -> Any:
        # `answer - expected` would tell the student's code what is expected of it. Only
        # an instance that the test itself has made takes a value, as its methods do. An
        # object that a method has returned might stand in the place of a number.
        seen = [observations_of(one) for one in (self, *others) if is_handle(one)]
        is_instance = all(one.is_instance for one in seen)
        takes_value = len(seen) <= len(others)
        is_own = is_instance and all(one.is_fresh for one in seen)
        if takes_value and not (is_own and _may_take(seen, others)):
            raise _refusal(self)
        operands = (*others, self) if is_reversed else (self, *others)
        is_fresh = observations_of(self).is_fresh
        result = student_of(self).ask("operate", asked, *operands)
        if is_in_place and result is self:
            # After `v += w` the test still has the object that it had.
            observations_of(self).is_fresh = is_fresh
        is_alone = (
            not takes_value or name in _ROUNDING
        )  # it takes but a number of digits
        counts = name in _COUNTING and is_alone and _is_counted(seen)
        if not is_handle(result):
            if is_instance and counts:
                return result
            # Otherwise an object could stand for any number: `abs(42 - answer) < 1e-6`.
            raise _refusal(self)
        if is_instance:
            mark_instance(result)
            observations_of(result).is_derived = True
        observations_of(result).is_counted = counts
        return result

    return operate


def _may_take(seen: Sequence[Observations], others: Sequence[object]) -> bool:
    """Return whether objects that the test has made may learn these values.

    The result of an operator may stand in the place of a number: `a @ b - expected`. It
    may learn only numbers that the test has written down: `a * b + 10`.
    """
    values = [one for one in others if not is_handle(one)]
    is_derived = any(one.is_derived for one in seen)
    return not is_derived or all(map(STAFF_TEXTS.holds_number, values))


def _is_counted(seen: Sequence[Observations]) -> bool:
    return all(one.is_counted for one in seen)


def _refusal(handle: Any) -> NotDataError:
    return NotDataError(
        f"{label_of(handle)} is an object: operators compare and calculate with values "
        "only. Compare what one of its methods returns"
    )
