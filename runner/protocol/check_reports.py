"""What a check shows beside its score: its author's message, what it compared, and measured.

A report comes out of a jail, and what was found may be the student's own text. So all of
it is text, and `from_json` cuts each part. Whoever shows a report computes nothing with it.
Its pictures are PNG files that the host has written: `runner.protocol.check_pictures`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

from runner.protocol.check_pictures import MOST_PICTURES, Picture
from runner.protocol.clean_texts import clean_line, clean_text

TEXT_LENGTH: Final = 400
MOST_DIFFERENCES: Final = 5
MOST_METRICS: Final = 5
_PLACE_LENGTH: Final = 80
_PART_LENGTH: Final = 120
_NAME_LENGTH: Final = 80
_UNIT_LENGTH: Final = 20
_MOST_COUNTED: Final = 10**15


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A place in two compared values, such as `[0, 3]`, and what each has there."""

    place: str
    expected: str
    found: str

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """Return the difference that `to_json` of a report wrote, cut."""
        return cls(
            place=clean_line(data.get("place"), _PLACE_LENGTH),
            expected=clean_line(data.get("expected"), _PART_LENGTH),
            found=clean_line(data.get("found"), _PART_LENGTH),
        )


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A measured number, and in words what it has to be: “at least 90 %”."""

    name: str
    value: str
    unit: str = ""
    bound: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """Return the metric that `to_json` of a report wrote, cut."""
        return cls(
            name=clean_line(data.get("name"), _NAME_LENGTH),
            value=clean_line(data.get("value"), _NAME_LENGTH),
            unit=clean_line(data.get("unit"), _UNIT_LENGTH),
            bound=clean_line(data.get("bound"), _PART_LENGTH),
        )

    @property
    def text(self) -> str:
        """The number with its unit: “91.4 %”."""
        return f"{self.value} {self.unit}".rstrip()


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What one check shows, all of it as text that may be the student's.

    `expected` and `found` are "" if the check has compared nothing that differed. Of two
    arrays, `differing` of `compared` numbers differ; both are 0 for other values.
    `differences` are the first places.
    """

    message: str = ""
    expected: str = ""
    found: str = ""
    differences: tuple[Difference, ...] = ()
    differing: int = 0
    compared: int = 0
    metrics: tuple[Metric, ...] = ()
    pictures: tuple[Picture, ...] = ()

    @property
    def has_comparison(self) -> bool:
        """Whether it says what was expected and what was found."""
        return bool(self.expected or self.found)

    @property
    def has_details(self) -> bool:
        """Whether it says more than a message."""
        return self.has_comparison or bool(self.metrics or self.pictures)

    @property
    def of_passed(self) -> "CheckReport":
        """What is left of it if the check has passed in spite of a difference."""
        return CheckReport(metrics=self.metrics, pictures=self.pictures)

    def to_json(self) -> dict[str, Any]:
        """Return a plain object without what is empty."""
        data: dict[str, Any] = {
            field.name: getattr(self, field.name) for field in fields(self)
        }
        data["differences"] = [dict(vars(one)) for one in self.differences]
        data["metrics"] = [dict(vars(one)) for one in self.metrics]
        data["pictures"] = [one.to_json() for one in self.pictures]
        return {name: value for name, value in data.items() if value}

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Return the report that `to_json` wrote. What is invalid is left out.

        SECURITY: a report of a jail is hostile, so this bounds its size. Whoever reads one
        replaces its pictures by those of `pictures_from_jail`.
        """
        if not isinstance(data, Mapping):
            return cls()
        report = cls(
            message=clean_text(data.get("message"), TEXT_LENGTH).strip(),
            expected=clean_text(data.get("expected"), TEXT_LENGTH),
            found=clean_text(data.get("found"), TEXT_LENGTH),
            differing=_count(data.get("differing")),
            compared=_count(data.get("compared")),
        )
        differences = _objects(data.get("differences"), MOST_DIFFERENCES)
        metrics = _objects(data.get("metrics"), MOST_METRICS)
        pictures = _objects(data.get("pictures"), MOST_PICTURES)
        return replace(
            report,
            differences=tuple(map(Difference.from_json, differences)),
            metrics=tuple(map(Metric.from_json, metrics)),
            pictures=tuple(filter(None, map(Picture.from_json, pictures))),
        )


def _count(number: object) -> int:
    is_whole = isinstance(number, int) and not isinstance(number, bool)
    return number if is_whole and 0 <= number <= _MOST_COUNTED else 0  # type: ignore[operator,return-value]  # a whole number


def _objects(data: object, most: int) -> list[Mapping[str, object]]:
    parts = data[:most] if isinstance(data, Sequence) else ()
    return [one for one in parts if isinstance(one, Mapping)]


NO_REPORT: Final = CheckReport()
