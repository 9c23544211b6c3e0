"""`python -m bench.growth`: what pages and lists take as the tables grow.

Each size has a database of its own, of both kinds, with so many runs in it. Each page
is asked for by one process, one request at a time, without a web server.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.table import as_markdown, as_text

_ROOT: Final = Path(__file__).parents[1]
_SIZES: Final = (100, 10_000, 200_000, 1_000_000)
_DATABASES: Final = ("sqlite", "postgresql")
_REPEATS: Final = 5
# A row is repeated for this long at most.
_MOST_SECONDS: Final = 10.0
_TARGET_MS: Final = 150

Cells = dict[str, str]


def _asked(
    runs: int, run_id: object, submission_id: object
) -> dict[str, tuple[str, str]]:
    """Return who asks for which address, by the row's name."""
    course, work = "/courses/course-0/", "/courses/course-0/coursework/work-0/"
    assignment = "1000000"
    rows = {
        "home": ("student", "/"),
        "course": ("student", course),
        "coursework": ("student", work),
        "marks": ("student", f"{course}marks/"),
        "run": ("student", f"/runs/{run_id}/"),
        "status poll": ("student", f"/runs/{run_id}/status/"),
        "home of a lecturer": ("lecturer", "/"),
        "course of a lecturer": ("lecturer", course),
        "manage": ("lecturer", f"{course}manage/"),
        "people": ("lecturer", f"{course}people/"),
        "submissions": ("lecturer", f"{work}staff/"),
    }
    for name in ("runs", "submissions", "marks"):
        for who in ("student", "lecturer", "head", "site_staff"):
            rows[f"API {name}: {who.replace('_', ' ')}"] = (who, f"/api/v1/{name}/")
        of_course = f"/api/v1/{name}/?course=course-0"
        rows[f"API {name}: site staff, one course"] = ("site_staff", of_course)
    deep = "/api/v1/runs/?page_size=1&page="
    rows |= {
        "API runs: site staff, at row 9/10": ("site_staff", f"{deep}{runs * 9 // 10}"),
        "API runs: lecturer, one state": (
            "lecturer",
            "/api/v1/runs/?state=needs_staff",
        ),
        "API runs: site staff, one state": (
            "site_staff",
            "/api/v1/runs/?state=needs_staff",
        ),
        "API submissions: lecturer, late": (
            "lecturer",
            "/api/v1/submissions/?is_late=true",
        ),
        "API run": ("student", f"/api/v1/runs/{run_id}/"),
        "API submission": ("student", f"/api/v1/submissions/{submission_id}/"),
        "API people": ("lecturer", "/api/v1/people/"),
    }
    admin = {
        "runs": "grading/gradingrun/",
        "runs of one course": "grading/gradingrun/?revision__assignment__course__id__exact=1000000",
        "runs, searched": "grading/gradingrun/?q=17%40example.org",
        "runs of one state": "grading/gradingrun/?state__exact=needs_staff",
        "marks": "grading/mark/",
        "marks of one assignment": f"grading/mark/?assignment__id__exact={assignment}",
        "submissions": "submissions/submission/",
        "submissions of one course": "submissions/submission/?assignment__course__id__exact=1000000",
        "submissions, searched": "submissions/submission/?q=17%40example.org",
        "people": "accounts/user/",
        "enrolments": "courses/enrolment/",
        "assignments": "courses/assignment/",
    }
    for name, path in admin.items():
        rows[f"admin: {name}"] = ("site_staff", f"/admin/{path}")
    return rows


def measure(runs: int) -> Cells:
    """Return each row's milliseconds and queries in a database with so many runs."""
    import django  # noqa: PLC0415  its settings are read once

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from bench.growth_rows import Size, add_people, fill  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    size = Size.of(runs)
    begun = time.perf_counter()
    fill(size)
    connection.cursor().execute("VACUUM")
    people = add_people()
    _say(f"{size.runs} runs in {time.perf_counter() - begun:.0f} s")
    clients = {}
    for who, user in vars(people).items():
        clients[who] = Client(SERVER_NAME="localhost")
        clients[who].force_login(user)
    work = people.student.submissions.earliest("received_at")
    asked = _asked(size.runs, work.runs.get().pk, work.pk)
    cells = {
        name: _cell(lambda who=who, path=path: _get(clients[who], path))  # type: ignore[misc]
        for name, (who, path) in asked.items()
    }
    return {**cells, **_services()}


def _get(client: Any, path: str) -> None:
    answer = client.get(path)
    if answer.status_code != 200:
        raise _NoPageError(f"{path} answered {answer.status_code}")


def _services() -> Cells:
    """Return the cells of the services through which workers and pages ask the queue."""
    from django.db import transaction  # noqa: PLC0415

    from grading.models import GradingRun  # noqa: PLC0415
    from grading.services import place_in_queue, sweep  # noqa: PLC0415
    from grading.services.claiming import claim_next  # noqa: PLC0415

    def undone(act: Callable[[], object]) -> None:
        with suppress(_UndoneError), transaction.atomic():
            act()
            raise _UndoneError

    waiting = list(GradingRun.objects.queued())
    last = waiting[-1] if waiting else None
    return {
        "claim_next": _cell(
            lambda: undone(lambda: claim_next(queues=["cpu"], worker="bench"))
        ),
        "place_in_queue of the last": _cell(lambda: last and place_in_queue(last)),
        "sweep": _cell(lambda: undone(sweep)),
    }


class _NoPageError(Exception):
    """Raised where an address has no page, as before the change that is measured."""


class _UndoneError(Exception):
    """Raised to roll a measured step back."""


def _cell(act: Callable[[], object]) -> str:
    """Return the least time of the step in milliseconds, and its number of queries.

    The least time depends least on what else the machine does.
    """
    from django.db import connection  # noqa: PLC0415

    queries: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    try:
        act()
    except _NoPageError as error:
        _say(str(error))
        return "-"
    with connection.execute_wrapper(count):
        act()
    seconds: list[float] = []
    while len(seconds) < _REPEATS and sum(seconds) < _MOST_SECONDS:
        begun = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - begun)
    return f"{min(seconds) * 1000:.0f} ({len(queries)})"


def _measure_apart(runs: int, database: str) -> Cells:
    """Return the cells of one size, measured in a process with its own database."""
    command = [sys.executable, "-m", "bench.growth", "--measure", str(runs)]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = {
            **os.environ,
            "SOFTMARK_VAR": folder,
            "DATABASE_URL": f"sqlite:///{folder}/growth.sqlite3",
            "SECRET_KEY": "only-for-measuring-" + "x" * 40,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        }
        if database == "postgresql":
            command = [sys.executable, "-m", "tests.services.postgres", *command]
        done = subprocess.run(
            command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, check=True
        )
    cells: Cells = json.loads(done.stdout.splitlines()[-1])
    return cells


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _lines(found: dict[str, Cells], sizes: Sequence[int]) -> list[tuple[str, ...]]:
    """Return the table's lines, its head first."""
    columns = [found[_column(kind, size)] for kind in _DATABASES for size in sizes]
    head = ("", *(_column(kind, size) for kind in _DATABASES for size in sizes))
    return [head, *((name, *(c[name] for c in columns)) for name in columns[0])]


def _column(database: str, size: int) -> str:
    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    return f"{names[database]}, {size:,}"


def _numbers(text: str) -> list[int]:
    return [int(one.replace("_", "")) for one in text.split(",")]


def main() -> None:
    """Measure all sizes, print the table, and write it to a file if asked to."""
    parser = argparse.ArgumentParser(prog="bench.growth", description=__doc__)
    parser.add_argument("--sizes", type=_numbers, default=list(_SIZES))
    parser.add_argument("--write", type=Path, help="write the report as Markdown")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(options.measure)))
        return
    before, found = machine.load(), {}
    for database in _DATABASES:
        for size in options.sizes:
            _say(_column(database, size))
            found[_column(database, size)] = _measure_apart(size, database)
    facts = machine.facts()
    facts["load"] = f"before {before}; after {machine.load()}"
    lines = _lines(found, options.sizes)
    print(as_text(list(facts.items())), as_text(lines), sep="\n\n")
    if options.write:
        words = (_HOW, as_markdown([("", ""), *facts.items()]), as_markdown(lines))
        options.write.write_text("\n\n".join(words) + "\n")


_HOW: Final = f"""\
# What pages and lists take as the tables grow

Written by `make bench-growth WRITE=docs/growth.md`. Milliseconds of the server for one answer, the least of {_REPEATS}, and in brackets the number of queries. The head of a column says how many runs there are, and as many attempts; there are a quarter as many marks. {_TARGET_MS} ms is the target at 200,000 runs.

* A course has about 10,000 runs: 312 students hand in 4 times for each of 8 assignments. The courses were taught one after another.
* The student and the lecturer belong to the oldest course, whose rows come last in every list by time. The head is a lecturer of all courses. Site staff see everything.
* A fiftieth part of the runs waits in the queue."""


if __name__ == "__main__":
    main()
