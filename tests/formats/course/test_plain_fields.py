"""A field declared on its row is read, compared, imported and exported."""

import datetime as dt
import zoneinfo
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final

from formats.choices import Counting
from formats.course.dates import AcademicYear, Calendar
from formats.course.plain_fields import (
    RELEASE,
    choice,
    columns_of,
    entry_of,
    load_plain,
    moment,
    special,
    text,
    yaml_names,
)

CALENDAR: Final = Calendar(
    zone=zoneinfo.ZoneInfo("Europe/London"), year=AcademicYear.parse("2026-27")
)


@dataclass(frozen=True, kw_only=True)
class PosterRow:
    """A row with one field of each kind."""

    title: str = text(longest=9)
    room: str = special("room", default="")
    online: str = text(column="online_label")
    opens_at: dt.datetime | None = moment("opens", then=RELEASE)
    counting: str = choice(Counting, Counting.LATEST, is_named=False)


def test_names_are_in_the_order_of_the_row() -> None:
    assert yaml_names(PosterRow, "key", "…", "files") == (
        *("key", "title", "room", "online", "opens", "released", "hidden"),
        *("counting", "files"),
    )


def test_plain_values_come_from_their_columns() -> None:
    at = dt.datetime(2027, 1, 31, 19, 0, 5, 17, tzinfo=dt.UTC)
    stored = SimpleNamespace(
        title=" A ", online_label="Teams\r\n", opens_at=at, counting="best"
    )
    found = load_plain(PosterRow, stored)
    assert found["title"] == "A"
    assert found["online"] == "Teams"
    assert found["opens_at"] == at.replace(microsecond=0)
    row = PosterRow(**found)
    assert columns_of(row)["online_label"] == "Teams"
    assert "room" not in columns_of(row)


def test_an_export_leaves_out_a_default_that_it_need_not_name() -> None:
    entry = entry_of(PosterRow(title="A"), CALENDAR)
    assert entry == {"title": "A", "online": "", "opens": "", "counting": ""}
