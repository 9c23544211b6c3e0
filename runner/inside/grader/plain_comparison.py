"""The comparison of what a check found with what it expected, and where they differ."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any, Final

import numpy as np

from runner.inside.grader.close_values import are_close, array_of
from runner.inside.grader.plain_values import ARRAYS, NUMBERS, NoValue, plain_of
from runner.inside.grader.value_texts import text_of
from runner.protocol.check_reports import MOST_DIFFERENCES, Difference

_NUMERIC: Final = frozenset("biufc")
# Arrays of times are compared with times of the same kind alone, in any unit.
_TIMES: Final = frozenset("mM")
_LONGEST: Final = 120
# Numbers that as floats would lose digits.
_EXACT: Final = (int, Fraction)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Whether two values are equal, and the first places where they differ.

    Of two arrays, `differing` of `compared` numbers differ; both are 0 otherwise.
    """

    is_equal: bool
    differences: tuple[Difference, ...] = ()
    differing: int = 0
    compared: int = 0


def compare(found: Any, expected: Any, tolerance: float | None) -> Comparison:
    """Compare two values that `plain_of` has returned.

    Numbers are equal if they differ by `tolerance` at most; None means not at all. Arrays
    need the same shape. Their dtypes are not compared, and a list may stand for an array.
    """
    if _are_arrays(found, expected):
        return _compare_arrays(found, expected, tolerance)
    places = list(
        islice(_differences(found, expected, tolerance, ""), MOST_DIFFERENCES)
    )
    shown = tuple(one for one in places if one.place)
    return Comparison(is_equal=not places, differences=shown)


def _are_arrays(one: Any, other: Any) -> bool:
    """Return whether one is an array, and the other may be written as one."""
    is_array = isinstance(one, ARRAYS), isinstance(other, ARRAYS)
    kinds = (*ARRAYS, *NUMBERS, list, tuple)
    return any(is_array) and isinstance(one, kinds) and isinstance(other, kinds)


def _differences(
    found: Any, expected: Any, tolerance: float | None, place: str
) -> Iterator[Difference]:
    """Yield the places where two values differ; `place` is their own."""
    inside = _parts(found, expected)
    if _are_arrays(found, expected):
        compared = _compare_arrays(found, expected, tolerance)
        if compared.differences:
            for one in compared.differences:
                yield Difference(
                    place=f"{place}{one.place}", expected=one.expected, found=one.found
                )
            return
        is_equal = compared.is_equal
    elif inside is not None:
        for part, left, right in inside:
            yield from _differences(left, right, tolerance, f"{place}[{part}]")
        return
    else:
        is_equal = _are_equal(found, expected, tolerance)
    if not is_equal:
        yield Difference(
            place=place,
            expected=text_of(expected, _LONGEST),
            found=text_of(found, _LONGEST),
        )


def _parts(found: Any, expected: Any) -> Iterator[tuple[str, Any, Any]] | None:
    """Return the parts of two containers that differ in nothing but their parts."""
    if type(found) is not type(expected):
        return None
    if isinstance(found, list | tuple) and len(found) == len(expected):
        pairs = zip(found, expected, strict=True)
        return ((str(n), left, right) for n, (left, right) in enumerate(pairs))
    if isinstance(found, dict) and found.keys() == expected.keys():
        return ((text_of(k, _LONGEST), found[k], expected[k]) for k in expected)
    return None


def _are_equal(found: Any, expected: Any, tolerance: float | None) -> bool:
    if isinstance(found, NoValue) or isinstance(expected, NoValue):
        return False
    if isinstance(found, NUMBERS) and isinstance(expected, NUMBERS):
        return _are_near(found, expected, tolerance)
    if hasattr(found, "iloc") or hasattr(expected, "iloc"):
        return type(found) is type(expected) and are_close(found, expected)
    return type(found) is type(expected) and bool(found == expected)


def _are_near(found: Any, expected: Any, tolerance: float | None) -> bool:
    # Not a number is equal to itself alone here: an author who expects it means it.
    if found == expected or (found != found and expected != expected):  # noqa: PLR0124
        return True
    if tolerance is None:
        return False
    if isinstance(found, _EXACT) and isinstance(expected, _EXACT):
        exact: Any = found - expected
        return bool(abs(exact) <= tolerance)
    number: Callable[[Any], Any] = (
        complex if complex in {type(found), type(expected)} else float
    )
    try:
        return bool(abs(number(found) - number(expected)) <= tolerance)
    except OverflowError:
        return False


# --- Arrays -----------------------------------------------------------------------


def _compare_arrays(found: Any, expected: Any, tolerance: float | None) -> Comparison:
    try:
        one, other = _as_exact_as_arrays(found, expected)
    except (ValueError, OverflowError):  # lists of different lengths
        return Comparison(is_equal=False)
    if one.shape != other.shape:
        return Comparison(is_equal=False)
    kinds = {one.dtype.kind, other.dtype.kind}
    if kinds <= _NUMERIC:
        same = _same_numbers(one, other, tolerance)
    elif kinds & _TIMES and "O" not in kinds:
        same = _same_times(one, other)
    else:
        same = _same_parts(one, other, tolerance)
    wrong = np.flatnonzero(~same)
    first = (np.unravel_index(place, one.shape) for place in wrong[:MOST_DIFFERENCES])
    return Comparison(
        is_equal=not len(wrong),
        differences=tuple(
            _difference(f"[{', '.join(map(str, index))}]", one[index], other[index])
            for index in first
            if index
        ),
        differing=len(wrong),
        compared=one.size,
    )


def _as_exact_as_arrays(found: Any, expected: Any) -> tuple[Any, Any]:
    """Return both as arrays of numpy: a list is as exact as the array beside it.

    So `torch.tensor([0.1])` equals `[0.1]`, as it equals 0.1 in torch.
    """
    one, other = array_of(found), array_of(expected)
    if not isinstance(found, ARRAYS) and _is_rounded(one, other):
        return _rounded(one, other.dtype), other
    if not isinstance(expected, ARRAYS) and _is_rounded(other, one):
        return one, _rounded(other, one.dtype)
    return one, other


def _is_rounded(one: Any, other: Any) -> bool:
    """Return whether numbers of a list are written in the dtype of the array `other`."""
    return bool(one.dtype.kind == other.dtype.kind == "f")


def _rounded(numbers: Any, dtype: Any) -> Any:
    """Return the numbers in the dtype, without those that would become infinite there."""
    with np.errstate(all="ignore"):
        found = numbers.astype(dtype)
    return np.where(np.isinf(found), numbers, found)


def _difference(place: str, found: Any, expected: Any) -> Difference:
    """Return a difference of two numbers of numpy's, in as few digits as tell it."""
    texts = [text_of(plain_of(one), _LONGEST) for one in (expected, found)]
    if texts[0] == texts[1]:
        texts = [text_of(one.item(), _LONGEST) for one in (expected, found)]
    return Difference(place=place, expected=texts[0], found=texts[1])


def _same_numbers(one: Any, other: Any, tolerance: float | None) -> Any:
    """Return for each number whether it is the same in both, as a flat array."""
    left, right = one.reshape(-1), other.reshape(-1)
    with np.errstate(all="ignore"):
        same = (left == right) | ((left != left) & (right != right))  # noqa: PLR0124 - not a number
        if tolerance is not None:
            exact = np.result_type(left, right, np.float64)
            same |= np.abs(left.astype(exact) - right.astype(exact)) <= tolerance
    return same


def _same_times(one: Any, other: Any) -> Any:
    """Do the same for arrays of times, of which NaT equals itself."""
    left, right = one.reshape(-1), other.reshape(-1)
    if left.dtype.kind != right.dtype.kind:
        return np.zeros(left.size, dtype=bool)
    return (left == right) | (np.isnat(left) & np.isnat(right))


def _same_parts(one: Any, other: Any, tolerance: float | None) -> Any:
    """Do the same for arrays of text or objects."""
    pairs = zip(
        plain_of(one.reshape(-1).tolist()),
        plain_of(other.reshape(-1).tolist()),
        strict=True,
    )
    found = (
        next(_differences(left, right, tolerance, ""), None) is None
        for left, right in pairs
    )
    return np.fromiter(found, dtype=bool, count=one.size)
