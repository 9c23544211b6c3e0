"""What was sent of a person's calendar, so that changes of events can be told."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class SentEvent:
    """What was sent of an event: its hash, its SEQUENCE, and when it last changed."""

    digest: str
    sequence: int
    changed_at: dt.datetime

    def to_json(self) -> list[Any]:
        """Return a list for JSON, which `from_json` reads."""
        return [self.digest, self.sequence, self.changed_at.isoformat()]

    @classmethod
    def from_json(cls, data: list[Any]) -> Self:
        """Return the value from what `to_json` returned."""
        digest, sequence, changed_at = data
        return cls(
            digest=digest,
            sequence=sequence,
            changed_at=dt.datetime.fromisoformat(changed_at),
        )


@dataclass(frozen=True, kw_only=True)
class BuiltCalendar:
    """A calendar file, and what it says of each event, by the event's name."""

    content: bytes
    sent: Mapping[str, SentEvent]
