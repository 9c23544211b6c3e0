"""No page, list, export or count that staff read changes by a self-check."""

import re
from typing import Final
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from grading.models import GradingRun, SelfCheck
from tests.grading.pages import words
from tests.matrix import ROWS
from tests.world import World, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
_WORK: Final = re.compile(
    r"home|gradebook:|grading:|submissions:"
    r"|api:(submission|opened-attempt|run|mark|use|assignment|person)-"
)
# The page of use says how many checks there were. The form is new each time.
_LEFT_OUT: Final = re.compile(r"grading:(use|self-check|.*-import)")
_ADMIN: Final = (
    *("grading/gradingrun/", "grading/mark/", "grading/regrade/"),
    "submissions/submission/",
)


def addresses(world: World) -> list[str]:
    """Return the addresses with work that site staff read, and lists of the admin."""
    pages = {
        f"{reverse(row.name, args=row.args(world))}?{urlencode(row.form(world))}"
        for row in ROWS
        if row.method == "get"
        and row.expected.split()[-1] == "200"
        and _WORK.match(row.name)
        and not _LEFT_OUT.match(row.name)
    }
    return sorted(pages) + [f"/admin/{name}" for name in _ADMIN]


def read(client: Client, paths: list[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        is_page = answer["Content-Type"].startswith("text/html")
        found[path] = words(answer) if is_page else answer.getvalue()
    return found


def test_nothing_that_staff_read_changes_by_a_check(time_machine: object) -> None:
    time_machine.move_to("2027-02-01 12:00Z", tick=False)  # type: ignore[attr-defined]
    world = make_world()
    client, paths = world.client("superuser"), addresses(world)
    assert len(paths) > 35
    before = read(client, paths)
    run = GradingRun.objects.get(self_check=world.self_check)
    run.results.all().delete()
    run.delete()
    SelfCheck.objects.all().delete()
    after = read(client, paths)
    for path in paths:
        assert before[path] == after[path], path


def test_site_staff_cannot_open_a_check_in_the_admin() -> None:
    world = make_world()
    run = GradingRun.objects.get(self_check=world.self_check)
    page = f"/admin/grading/gradingrun/{run.pk}/change/"
    # As for a row that does not exist.
    assert world.client("superuser").get(page).status_code == 302
