"""Whether the fields of a late rule fit together, for files and forms."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from formats.choices import LateMode

_ALL: Final = Decimal(100)
# The fields that only some modes read, with the modes that read them.
_DEDUCTED: Final = (LateMode.POINTS, LateMode.POSSIBLE, LateMode.RAW)
_STEPPED: Final = (*_DEDUCTED, LateMode.MULTIPLIER)
_ANY: Final = tuple(mode for mode in LateMode if mode != LateMode.NONE)
_READ_BY: Final = {
    "late_step": _STEPPED,
    "late_floor": _STEPPED,
    "late_maximum": _STEPPED,
    "late_zero_after": _ANY,
    "late_days_limit": _ANY,
}
RULE_FIELDS: Final = ("late_mode", "late_unit", *_READ_BY)


def late_rule_problems(row: Any) -> Iterator[tuple[str, str]]:
    """Yield the name of each wrong field of a late rule, and what to do about it.

    `row` has the fields of `RULE_FIELDS` as attributes. Without a mode, a row has no
    rule of its own.
    """
    if not row.late_mode:
        for name in _READ_BY:
            if getattr(row, name) is not None:
                yield name, "Leave this empty, or say what late work loses."
        return
    mode = LateMode(row.late_mode)
    for name, modes in _READ_BY.items():
        if getattr(row, name) is not None and mode not in modes:
            yield name, f"Leave this empty: “{mode.label}” does not need it."
    if mode in _STEPPED:
        yield from _step_problems(mode, row.late_step)


def _step_problems(mode: LateMode, step: Decimal | None) -> Iterator[tuple[str, str]]:
    if step is None or (mode in _DEDUCTED and step == 0):
        yield "late_step", "Say how much each unit costs."
    elif mode != LateMode.POINTS and step > _ALL:
        yield "late_step", "Give a percentage of at most 100."
