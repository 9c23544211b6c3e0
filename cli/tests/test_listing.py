"""Lists of courses and assignments."""

import datetime as dt

import httpx

from command_runner import Softmark
from fake_portal import NOW, FakePortal
from softmark_cli.terminal_output import short_moment_words


def test_assignments_are_listed_with_the_reader_s_deadlines(
    signed_in: Softmark, portal: FakePortal
) -> None:
    done = signed_in("assignments", "--course", "dl")
    assert "dl/cw1" in done.out
    assert portal.requests[0].url.params["course"] == "dl"
    (row,) = signed_in("assignments", "--json").json
    assert row["slug"] == "cw1"


def test_a_list_is_read_to_its_last_page(
    signed_in: Softmark, portal: FakePortal
) -> None:
    first = portal.on_courses

    def two_pages(_: httpx.Request) -> httpx.Response:
        answer = first(portal.requests[-1])
        if len(portal.requests) > 1:
            return answer
        following = {"next": "http://inside/api/v1/courses/?page=2"}
        return httpx.Response(200, json=answer.json() | following)

    portal.on_courses = two_pages  # type: ignore[method-assign]
    assert len(signed_in("courses", "--json").json) == 2
    assert portal.requests[1].url == "https://portal.example/api/v1/courses/?page=2"


def test_a_deadline_of_another_year_has_its_year() -> None:
    assert "2026" not in short_moment_words(NOW, NOW)
    assert short_moment_words(NOW, NOW).endswith(f" {NOW.astimezone():%Z}")
    assert "2027" in short_moment_words(NOW + dt.timedelta(days=300), NOW)
