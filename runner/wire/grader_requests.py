"""The operations that a grader asks a snapshot for, and what each of them runs.

Every rule about what the notebook's code may have changed, printed or drawn follows from
this one table. A test compares it with what the snapshot can be asked for.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Effect(Enum):
    """What an operation may do to the notebook's objects."""

    # It runs no code of the notebook's.
    NONE = "none"
    # It runs code of an object that is asked about itself. That may change the object,
    # and others.
    LOOKS = "looks"
    # It hands something to the notebook's code, or asks that code to change something.
    CALLS = "calls"


OPERATIONS: Final[Mapping[str, Effect]] = {
    **dict.fromkeys(
        (
            *("name", "same", "has", "replace", "stub", "remove", "restore"),
            *("lend", "seed", "plain", "contents", "compare"),
        ),
        Effect.NONE,
    ),
    **dict.fromkeys(
        (
            *("attr", "len", "repr", "str", "hash", "own_hash", "dir"),
            *("isinstance", "issubclass", "is_at", "kind", "source", "signature"),
            *("items", "count", "begin", "more", "next", "reversed"),
            *("mapping", "pairs", "indexed", "script", "objects", "slot"),
        ),
        Effect.LOOKS,
    ),
    **dict.fromkeys(
        (
            *("call", "make", "operate", "set", "del", "copy", "leave"),
            *("await", "together"),
        ),
        Effect.CALLS,
    ),
}
# Operations that run the notebook's code. What that code prints and warns of goes to
# the test, and what was known before may have changed.
RUNNING: Final = frozenset(
    name for name, effect in OPERATIONS.items() if effect is not Effect.NONE
)
CALLING: Final = frozenset(
    name for name, effect in OPERATIONS.items() if effect is Effect.CALLS
)
# By these an object tells of its items. What it has told of them holds afterwards.
OF_ITEMS: Final = frozenset(
    (
        *("len", "items", "count", "begin", "more", "reversed"),
        *("mapping", "pairs", "indexed"),
    )
)
