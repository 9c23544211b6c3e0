"""The hash of an object of the student's, for sets and dictionaries.

An object whose class defines equality has the hash that the snapshot tells, as it would
have in a notebook. Objects with different hashes are different; if two hashes are the
same, Python calls `==`, which is refused. With hashes by identity, 52 times the same
card would be 52 cards.
"""

from runner.inside.grader.handle_parts import (
    HandleBase,
    is_handle,
    label_of,
    number_of,
    observations_of,
    student_of,
)
from runner.inside.grader.observations import NotDataError
from runner.inside.grader.received_values import is_building
from runner.inside.values.codec import CodecError


def hash_of(handle: HandleBase) -> int:
    """Return the object's hash: by identity, unless its class defines equality."""
    seen = observations_of(handle)
    if not seen.has_equality:
        return object.__hash__(handle)
    student = student_of(handle)

    def ask() -> object:
        if is_building():
            raise CodecError("a set holds an object without a hash")
        return student.ask("hash", handle)

    return _number(handle, seen.hash(student.epoch, ask))


def equal_by_identity(handle: HandleBase, other: object) -> bool | None:
    """Return `handle == other` where a notebook, too, compares these two by identity.

    It does if neither class defines equality, as with members of an `Enum`. Return None
    otherwise, and for what an operator has given whose result does not count (`a - b`).
    """
    if not is_handle(other) or student_of(handle) is not student_of(other):
        return None
    for one in (handle, other):
        seen = observations_of(one)
        if seen.has_equality is not False or not seen.is_counted:
            return None
    return number_of(handle) == number_of(other)


def own_hash_of(handle: HandleBase) -> int:
    """Return the number that the object's class gives, where a test asks for it.

    Different objects may have the same: the exercise may be how well they are spread.
    """
    return _number(handle, student_of(handle).ask("own_hash", handle))


def _number(handle: HandleBase, found: object) -> int:
    if type(found) is not int:
        raise NotDataError(f"{label_of(handle)} has a hash that is not an integer")
    return found


def learn_equality(handle: HandleBase, told: object, *, is_new: bool) -> None:
    """Note what the snapshot says of the object's equality, and its hash if it has one.

    Whether its class defines equality is fixed by the first answer.
    """
    seen = observations_of(handle)
    if is_new:
        seen.has_equality = isinstance(told, list)
    if seen.has_equality and isinstance(told, list) and told:
        seen.learn_hash(student_of(handle).epoch, told[0])
