"""Declare once, on its row, each field that a course file and the database both have.

A row's class says of each plain field how a course file spells it, which column of the
database holds it, and how it is read and written. The reader, the stored rows, what is
written to the database and the export are made from that. All other fields of a row are
`special`: they have a name in the course file, and code of their own.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

from formats.choices import Choice
from formats.course import course_fields
from formats.course.course_fields import LONGEST_TEXT, Context
from formats.course.dates import Calendar
from formats.course.yaml_writer import Value
from formats.yaml_document import Section

# How a course file says when students see a row.
RELEASE: Final = ("released", "hidden")
_KEY: Final = "course file"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpecialField:
    """The names in a course file of values with code of their own, in their place."""

    then: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlainField(SpecialField):
    """How one field is read from a course file and written to it, and stored.

    `yaml_name` and `column` are empty where they are the attribute's name. `longest` is
    the most letters of a text, None for other values.
    """

    read: Callable[[Section, str, Context], Any]
    yaml_name: str = ""
    column: str = ""
    longest: int | None = None
    load: Callable[[Any], Any] = lambda value: value
    write: Callable[[Any, Calendar], Value] = lambda value, _: value


def _declared(default: Any, **rule: Any) -> Any:
    return dataclasses.field(default=default, metadata={_KEY: PlainField(**rule)})


# --- Kinds of fields --------------------------------------------------------------


def text(
    *, longest: int = LONGEST_TEXT, column: str = "", then: tuple[str, ...] = ()
) -> Any:
    """Declare a text without white space around it, of at most `longest` letters."""
    return _declared(
        "",
        read=lambda section, name, _: course_fields.words(
            section, name, longest=longest
        ),
        load=course_fields.plain_text,
        longest=longest,
        column=column,
        then=then,
    )


def questions() -> Any:
    """Declare the questions of a declaration, one on each line of a text."""
    return _declared(
        "",
        read=lambda section, name, _: course_fields.questions(section, name),
        load=course_fields.plain_text,
    )


def letter_scale() -> Any:
    """Declare letters with the least percentage of each."""
    return _declared(
        "",
        read=lambda section, name, _: course_fields.letter_scale(section, name),
        load=course_fields.plain_text,
    )


def link() -> Any:
    """Declare a web address."""
    return _declared("", read=lambda section, name, _: course_fields.url(section, name))


def choice(choices: type[Choice], default: Choice, *, is_named: bool = True) -> Any:
    """Declare one of the choices. The default is written only if `is_named`."""
    return _declared(
        default,
        read=lambda section, name, _: section.choice(name, choices.values, default),
        write=lambda value, _: value if is_named or value != default else "",
    )


def optional_choice(choices: type[Choice]) -> Any:
    """Declare one of the choices, or empty, which is not written."""
    return _declared(
        "",
        read=lambda section, name, _: (
            section.choice(name, choices.values, "") if name in section else ""
        ),
    )


def moment(yaml_name: str = "", *, then: tuple[str, ...] = ()) -> Any:
    """Declare a time, to the second, or None."""
    return _declared(
        None,
        read=lambda section, name, context: course_fields.moment(
            section, name, context.calendar
        ),
        load=to_second,
        write=lambda value, calendar: calendar.moment_text(value) if value else "",
        yaml_name=yaml_name,
        then=then,
    )


def percent(column: str, *, is_named: bool = True) -> Any:
    """Declare a percentage with at most two decimals. Zero is written if `is_named`."""
    return _declared(
        Decimal(0),
        read=lambda section, name, _: course_fields.percent(section, name),
        load=without_zeros,
        write=lambda value, _: value if is_named or value else "",
        column=column,
    )


def whole(highest: int, default: int = 0, *, lowest: int = 0) -> Any:
    """Declare a whole number between the two. The default is not written."""
    return _declared(
        default,
        read=lambda section, name, _: section.whole(
            name, default, lowest=lowest, highest=highest
        ),
        write=lambda value, _: "" if value == default else value,
    )


def whole_or_none(highest: int) -> Any:
    """Declare a whole number from 1 to `highest`, or None, which is not written."""
    return _declared(
        None,
        read=lambda section, name, _: (
            section.whole(name, 1, lowest=1, highest=highest)
            if name in section
            else None
        ),
        write=lambda value, _: value or "",
    )


def number_or_none(*, lowest: int = 0, highest: int) -> Any:
    """Declare a number with at most two decimals, or None, which is not written."""
    return _declared(
        None,
        read=lambda section, name, _: (
            course_fields.number(section, name, lowest=lowest, highest=highest)
            if name in section
            else None
        ),
        load=lambda value: None if value is None else without_zeros(value),
        write=lambda value, _: "" if value is None else value,
    )


def points(highest: int) -> Any:
    """Declare points from 0 on, with at most two decimals. Zero is not written."""
    return _declared(
        Decimal(0),
        read=lambda section, name, _: (
            course_fields.number(section, name, lowest=0, highest=highest)
            if name in section
            else Decimal(0)
        ),
        load=without_zeros,
        write=lambda value, _: value or "",
    )


def percent_or(default: Decimal) -> Any:
    """Declare a percentage with at most two decimals. The default is not written."""
    return _declared(
        default,
        read=lambda section, name, _: (
            course_fields.percent(section, name) if name in section else default
        ),
        load=without_zeros,
        write=lambda value, _: value if value != default else "",
    )


def flag(column: str = "") -> Any:
    """Declare a yes or no. No is not written."""
    return _declared(
        default=False,
        read=lambda section, name, _: section.flag(name),
        column=column,
    )


def special(
    *names: str, default: Any = dataclasses.MISSING, compare: bool = True
) -> Any:
    """Declare a field with code of its own, and its names in the course file."""
    return dataclasses.field(
        default=default, compare=compare, metadata={_KEY: SpecialField(then=names)}
    )


# --- What is made of them ---------------------------------------------------------


def _declared_by(row_class: type) -> Iterator[tuple[str, SpecialField]]:
    """Yield the attributes of a row's class and what they declare, in their order."""
    for one in dataclasses.fields(row_class):
        if _KEY in one.metadata:
            yield one.name, one.metadata[_KEY]


def _plain_fields(row_class: type) -> Iterator[tuple[str, PlainField]]:
    """Yield the plain fields by their attributes, with all their names filled in."""
    for attribute, rule in _declared_by(row_class):
        if isinstance(rule, PlainField):
            yaml_name, column = rule.yaml_name or attribute, rule.column or attribute
            yield (
                attribute,
                dataclasses.replace(rule, yaml_name=yaml_name, column=column),
            )


def yaml_names(row_class: type, *around: str) -> tuple[str, ...]:
    """Return the names that a row may have in a course file, in the order of an export.

    `around` are names that come first, and after "…" those that come last.
    """
    place = around.index("…") if "…" in around else len(around)
    own: list[str] = []
    for attribute, rule in _declared_by(row_class):
        if isinstance(rule, PlainField):
            own.append(rule.yaml_name or attribute)
        own += rule.then
    return (*around[:place], *own, *around[place + 1 :])


def read_plain(row_class: type, section: Section, context: Context) -> dict[str, Any]:
    """Return the row's plain values from a section of a course file, by attribute."""
    return {
        attribute: rule.read(section, rule.yaml_name, context)
        for attribute, rule in _plain_fields(row_class)
    }


def load_plain(row_class: type, stored: Any) -> dict[str, Any]:
    """Return the row's plain values from a row of the database, by attribute."""
    return {
        attribute: rule.load(getattr(stored, rule.column))
        for attribute, rule in _plain_fields(row_class)
    }


def columns_of(row: Any) -> dict[str, Any]:
    """Return the row's plain values by the columns that hold them."""
    return {
        rule.column: getattr(row, attribute)
        for attribute, rule in _plain_fields(type(row))
    }


def plain_attributes(row_class: type) -> tuple[str, ...]:
    """Return the attributes that are plain fields of the row's class."""
    return tuple(attribute for attribute, _ in _plain_fields(row_class))


def longest_texts(row_class: type) -> dict[str, int]:
    """Return the most letters that a course file may have for each column of text."""
    return {
        rule.column: rule.longest
        for _, rule in _plain_fields(row_class)
        if rule.longest is not None
    }


def entry_of(row: Any, calendar: Calendar) -> dict[str, Value]:
    """Return the row's plain values as a course file has them, by their names there."""
    return {
        rule.yaml_name: rule.write(getattr(row, attribute), calendar)
        for attribute, rule in _plain_fields(type(row))
    }


def to_second(value: dt.datetime | None) -> dt.datetime | None:
    """Return the time without parts of a second: course files have none."""
    return value.replace(microsecond=0) if value else None


def without_zeros(value: Decimal) -> Decimal:
    """Return the number without zeros at its end."""
    rounded = value.to_integral_value()
    return rounded if rounded == value else value.normalize()
