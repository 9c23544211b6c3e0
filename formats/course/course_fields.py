"""Read values of a course file that are more than text, and note the wrong ones."""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Final, TypeVar

from formats.addresses import is_web_address
from formats.course.dates import Calendar, DateError, hour
from formats.course.named_files import File, sha256
from formats.declaration import LONGEST_QUESTIONS, QuestionsError, parse_questions
from formats.lengths import MAX_MARKDOWN
from formats.letter_scale import LONGEST_SCALE, LetterScaleError, parse_letter_scale
from formats.problems import ProblemList
from formats.yaml_document import Section, nearest

ValueT = TypeVar("ValueT")
LONGEST_TEXT: Final = MAX_MARKDOWN
_PIECE: Final = 1 << 20
_SLUG: Final = re.compile(r"[-a-zA-Z0-9_]{1,60}")
# Control characters, and halves of surrogate pairs, which no database accepts.
_UNREADABLE: Final = ("Cc", "Cs")
_PERCENT: Final = 100


@dataclass(frozen=True, kw_only=True)
class Context:
    """The state that the readers of one file share."""

    calendar: Calendar
    faults: ProblemList
    warnings: ProblemList
    file: str
    folder: Path
    # The name of each room, by every spelling of it.
    rooms: dict[str, str] = field(default_factory=dict)
    teachers: list[str] = field(default_factory=list)
    lectures: set[str] = field(default_factory=set)
    weeks: dict[int, dt.date] = field(default_factory=dict)
    # The week of each session, by its key.
    sessions: dict[str, int] = field(default_factory=dict)
    # The line on which each unique key was first seen, by its noun and the key.
    seen: dict[tuple[str, str], int] = field(default_factory=dict)

    def warn(self, section: Section, message: str) -> None:
        """Note something for staff to look at. It does not stop the import."""
        self.warnings.add(message, file=self.file, line=section.line)

    def claim_key(self, section: Section, noun: str, key: str, field_name: str) -> None:
        """Note a fault if another row of this noun has the same key."""
        first = self.seen.get((noun, key))
        self.seen.setdefault((noun, key), section.line)
        if key and first is not None:
            section.fault(
                f"“{key}” is already the {field_name} of the {noun} on line {first}.",
                field_name,
            )


def cleaned(text: str) -> str:
    """Return the text with one kind of line ending and no control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        c for c in text if c in "\n\t" or unicodedata.category(c) not in _UNREADABLE
    )


def plain_text(text: str) -> str:
    """Return the text in the form of a course file: cleaned, without space around it."""
    return cleaned(text).strip()


def words(section: Section, key: str, *, longest: int = LONGEST_TEXT) -> str:
    """Return a text, without white space around it."""
    text = section.text(key, longest=longest)
    plain = plain_text(text)
    if len(plain) != len(text.replace("\r\n", "\n")):
        section.fault(f"“{key}” holds a control character.", key)
    return plain


def questions(section: Section, key: str) -> str:
    """Return the questions of a declaration as text, one on each line."""
    text = words(section, key, longest=LONGEST_QUESTIONS)
    try:
        parse_questions(text)
    except QuestionsError as error:
        section.fault(str(error), key)
    return text


def letter_scale(section: Section, key: str) -> str:
    """Return a letter scale as text."""
    text = words(section, key, longest=LONGEST_SCALE)
    try:
        parse_letter_scale(text)
    except LetterScaleError as error:
        section.fault(str(error), key)
    return text


def slug(section: Section, key: str) -> str:
    """Return a name that may be part of a URL."""
    text = words(section, key)
    if text and not _SLUG.fullmatch(text):
        section.fault(
            f"“{text}” cannot be a {key}.",
            key,
            hint="Use up to 60 letters, digits, dashes and underscores.",
        )
    return text


def url(section: Section, key: str) -> str:
    """Return a web address."""
    text = words(section, key, longest=500)
    if text and not is_web_address(text):
        section.fault(
            f"“{text[:80]}” is not the address of a page.",
            key,
            hint="Write the whole address, such as https://d2l.ai/.",
        )
    return text


def percent(section: Section, key: str) -> Decimal:
    """Return a percentage with at most two decimals."""
    return number(section, key, lowest=0, highest=_PERCENT) or Decimal(0)


def number(section: Section, key: str, *, lowest: int, highest: int) -> Decimal | None:
    """Return a number with at most two decimals, or None if there is none."""
    found = section.number(key)
    if found is None:
        return None
    if not lowest <= found <= highest or found != round(found, 2):
        section.fault(
            f"“{key}” must be from {lowest} to {highest}, with two decimals at most.",
            key,
        )
        return None
    return found


def _dated(
    section: Section, key: str, read: Callable[[str], ValueT], fallback: ValueT
) -> ValueT:
    text = section.text(key)
    if not text:
        return fallback
    try:
        return read(text)
    except DateError as error:
        section.fault(error.message, key, hint=error.hint)
        return fallback


def day(section: Section, key: str, calendar: Calendar) -> dt.date | None:
    """Return a day such as “13 January”."""
    return _dated(section, key, calendar.day, None)


def moment(section: Section, key: str, calendar: Calendar) -> dt.datetime | None:
    """Return a time such as “31 January 19:00”, in UTC."""
    return _dated(section, key, calendar.moment, None)


def time_of_day(section: Section, key: str) -> dt.time | None:
    """Return a time of day such as "09:00"."""
    return _dated(section, key, hour, None)


def known(section: Section, key: str, names: Collection[str], *, where: str) -> str:
    """Return a name that must be defined elsewhere in the file."""
    name = words(section, key)
    if name and name not in names:
        hint = nearest(name, sorted(names)) if names else ""
        section.fault(f"“{name}” is not in “{where}” of this file.", key, hint=hint)
        return ""
    return name


def spelling(name: str) -> str:
    """Return a room's name in the form for comparison: without case or extra spaces."""
    return " ".join(name.split()).casefold()


def room(section: Section, context: Context) -> str:
    """Return the name of the room, from any of its spellings."""
    written = words(section, "room")
    name = context.rooms.get(spelling(written), "")
    if written and not name:
        names = sorted(set(context.rooms.values()))
        section.fault(
            f"“{written}” is not in “rooms” of this file, and no other spelling of one "
            "that is.",
            "room",
            hint=nearest(written, names) if names else "",
        )
    return name


@dataclass(frozen=True, kw_only=True)
class Release:
    """The time from which students see something, and whether the file gives it."""

    at: dt.datetime | None = None
    is_given: bool = False


def release(section: Section, calendar: Calendar, key: str = "released") -> Release:
    """Return the release that the file gives for a row."""
    at = moment(section, key, calendar)
    is_hidden = section.flag("hidden")
    if is_hidden and key in section:
        section.fault(
            f"“{key}” and “hidden: true” exclude each other.",
            "hidden",
            hint="Remove one of the two lines.",
        )
    return Release(at=at, is_given=is_hidden or at is not None)


def week_number(section: Section, key: str, context: Context) -> int | None:
    """Return the number of a week of the file."""
    if key not in section:
        return None
    number = section.whole(key, -1, lowest=0, highest=99)
    if number >= 0 and number not in context.weeks:
        section.fault(f"There is no week {number} in this file.", key)
        return None
    return number if number >= 0 else None


def file_of(section: Section, context: Context) -> File | None:
    """Return the file that is named, read from the course file's folder or below."""
    name = words(section, "file", longest=500)
    if not name:
        return None
    path = (context.folder / name).resolve()
    # SECURITY: no file outside the folder may get into a course, not even by a link.
    if PurePath(name).is_absolute() or not path.is_relative_to(
        context.folder.resolve()
    ):
        section.fault(
            f"“{name}” is outside the course file's folder.",
            "file",
            hint="Put the file beside the course file, or below.",
        )
    elif not path.is_file():
        section.fault(
            f"There is no file “{name}” beside the course file.",
            "file",
            hint="Put the file there, or leave the line out for now.",
        )
    else:
        with path.open("rb") as content:
            digest = sha256(iter(lambda: content.read(_PIECE), b""))
        return File(
            sha256=digest, suffix=path.suffix, name=name, open=lambda: path.open("rb")
        )
    return None
