"""The values of the notebook's names, asked for again once the student's code has run.

In a notebook a test and the student's code share their names: after `increment()` the
name `counter` has another number. What a test has done to its own copy of a value
stays, as in a notebook: after `data.append(4)`, `len(data)` is one more.
"""

from dataclasses import dataclass
from typing import Any, Final

from runner.inside.grader.handles import is_handle, number_of
from runner.inside.grader.snapshot_client import SnapshotClient
from runner.inside.values.codec import Encoder, Node
from runner.inside.values.fingerprint import Fingerprint, fingerprint

# At most this much of one name's value is compared in a check. After that the test keeps
# the value that it has: a loop over the words of a large dictionary would take minutes.
_MOST: Final = 256 * 1024**2


@dataclass
class _Known:
    """A value, and its fingerprint as it arrived, or None for an object.

    `is_kept` says that it is not asked for again. `compared` is how many bytes have
    been read to see whether the name's value has changed, and `steps` the time of the
    last comparison.
    """

    value: Any
    arrived: Fingerprint | None
    is_kept: bool = False
    compared: int = 0
    steps: int = 0


class NotebookNames:
    """The names that one check has asked for."""

    def __init__(self, student: SnapshotClient) -> None:
        self._student = student
        self._known: dict[str, _Known] = {}

    def __getitem__(self, name: str) -> Any:
        """Return the present value of the name. Raises NotDefinedError."""
        known = self._known.get(name)
        steps = self._student.steps
        if known is None or (known.steps != steps and self._has_changed(name, known)):
            compared = 0 if known is None else known.compared
            known = _known(self._student.name(name), compared)
            self._known[name] = known
        known.steps = steps
        return known.value

    def forget(self, name: str) -> bool:
        """Forget the name's value, to ask for it again. Return whether it was known."""
        return self._known.pop(name, None) is not None

    def _has_changed(self, name: str, known: _Known) -> bool:
        """Return whether the notebook's value has changed and the test's own has not."""
        if known.arrived is None:
            return not known.is_kept
        known.compared += known.arrived.cost
        if known.compared > _MOST or self._student.ask("same", name) is True:
            return False
        if _fingerprint(known.value) != known.arrived:
            known.is_kept, known.arrived = True, None
        return not known.is_kept


def _known(value: Any, compared: int) -> _Known:
    if is_handle(value) or isinstance(value, type):
        return _Known(value, None, compared=compared)
    arrived = _fingerprint(value)
    return _Known(value, arrived, is_kept=arrived is None, compared=compared)


def _fingerprint(value: object) -> Fingerprint | None:
    """Return the value's fingerprint, or None if it is too large, or no longer data."""
    encoder = Encoder(_refer)
    encoder.sends_missing = True
    try:
        node = encoder.encode(value)
    except Exception:  # noqa: BLE001 - a test may have put anything into its copy
        return None
    return fingerprint(node, encoder.buffers)


def _refer(value: object, _: Encoder) -> Node:
    """Return a node for an object that is not data, of the student's or the test's."""
    return {"k": "object", "v": number_of(value) if is_handle(value) else id(value)}
