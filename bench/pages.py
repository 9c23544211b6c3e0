"""`python -m bench.pages`: how long the server takes for the pages of a large course.

The demo course, all of it out, with 300 students in it, is served by gunicorn as
`manage.py up` serves it. Each student opens each page once, one after another, over a
connection that stays; a figure is from the request's first byte to the answer's last.
"""

import argparse
import datetime as dt
import http.client
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import machine
from bench.table import as_markdown, as_text, duration

_ROOT: Final = Path(__file__).parents[1]
_STUDENTS: Final = 300
_STAFF_TURNS: Final = 100
_WARM_UPS: Final = 10
_PAUSE_SECONDS: Final = 0.03
_SECONDS_TO_START: Final = 60
_TARGET_SECONDS: Final = 0.06
_COURSE: Final = "/courses/deep-learning/"
_WORK: Final = f"{_COURSE}coursework/conv-digits/"
_MARKING: Final = f"{_COURSE}coursework/essays/staff/marking/"
_STUDENT_PAGES: Final = {
    "home": "/",
    "course": _COURSE,
    "course, searched": f"{_COURSE}?q=convolution",
    "material": f"{_COURSE}materials/n01/",
    "news": f"{_COURSE}news/",
    "coursework": _WORK,
    "marks": f"{_COURSE}marks/",
}
_STAFF_PAGES: Final = {
    "course": _COURSE,
    "manage": f"{_COURSE}manage/",
    "people": f"{_COURSE}people/",
    "submissions": f"{_WORK}staff/",
    "marking": f"{_MARKING}",
    "all answers": f"{_MARKING}questions/q3/answers/",
    "marking page": f"{_MARKING}questions/q3/{{code}}/",
}


@dataclass(frozen=True, kw_only=True)
class PageTimes:
    """The times of a page in seconds, in ascending order."""

    page: str
    seconds: tuple[float, ...]
    size: int

    @property
    def median(self) -> float:
        return self.seconds[len(self.seconds) // 2]

    @property
    def p95(self) -> float:
        """The least time that 95 % of the responses did not exceed."""
        return self.seconds[math.ceil(0.95 * len(self.seconds)) - 1]

    def cells(self) -> tuple[str, ...]:
        """Return the page's line of the table."""
        return (
            self.page,
            duration(self.median),
            duration(self.p95),
            duration(self.seconds[-1]),
            str(len(self.seconds)),
            f"{self.size / 1024:.0f} KB",
            "reached" if self.p95 < _TARGET_SECONDS else "missed",
        )


_HEAD: Final = ("page", "median", "p95", "most", "n", "size", "p95 < 60 ms")


@dataclass(frozen=True, kw_only=True)
class Visitors:
    """The session keys of those who open pages, and whose answer is marked.

    The session of site staff is for warm-ups.
    """

    students: list[str]
    lecturer: str
    site_staff: str
    code: str


def fill(*, is_marked: bool = False) -> Visitors:
    """Release the whole course, and add 300 students.

    If something is marked, they have answered five questions in further coursework.
    """
    from django.test import Client  # noqa: PLC0415  Django is set up by now
    from django.utils import timezone  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415
    from bench.marked_rows import fill_marked  # noqa: PLC0415
    from courses.models import Course, Enrolment  # noqa: PLC0415
    from formats.choices import Role  # noqa: PLC0415

    def signed_in(user: User) -> str:
        client = Client()
        client.force_login(user)
        return str(client.cookies["sessionid"].value)

    course = Course.objects.get(slug="deep-learning")
    for rows in (course.weeks, course.sessions, course.materials, course.assignments):
        rows.update(release_at=timezone.now() - dt.timedelta(days=1))
    course.materials.update(opens_at=None)
    users = User.objects.bulk_create(
        User(
            email=f"s{number}@example.org", first_name="Student", last_name=str(number)
        )
        for number in range(_STUDENTS)
    )
    Enrolment.objects.bulk_create(
        Enrolment(course=course, user=user, role=Role.STUDENT) for user in users
    )
    lecturer = course.enrolments.filter(role=Role.LECTURER)[0].user
    admin = User.objects.filter(is_superuser=True)[0]
    return Visitors(
        students=[signed_in(user) for user in users],
        lecturer=signed_in(lecturer),
        site_staff=signed_in(admin),
        code=fill_marked(course, users, lecturer) if is_marked else "",
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served() -> Iterator[http.client.HTTPConnection]:
    """Give a connection to a web server of its own."""
    command = [sys.executable, "-m", "gunicorn", "-c", "portal/gunicorn.py"]
    server = subprocess.Popen([*command, "portal.wsgi"], cwd=_ROOT)
    try:
        deadline = time.monotonic() + _SECONDS_TO_START
        while True:
            connection = http.client.HTTPConnection(
                "127.0.0.1", int(os.environ["PORT"]), timeout=30
            )
            try:
                connection.connect()
                break
            except OSError:
                connection.close()
                if time.monotonic() > deadline or server.poll() is not None:
                    sys.exit("The web server did not start: see above")
                time.sleep(0.2)
        yield connection
        connection.close()
    finally:
        server.terminate()
        server.wait()


def measure(
    connection: http.client.HTTPConnection,
    page: str,
    path: str,
    *,
    keys: Sequence[str],
    warm_up: str,
) -> PageTimes:
    """Return the page's times for each of these sessions, after warm-ups by another."""
    seconds, size = [], 0
    for turn, key in enumerate([warm_up] * _WARM_UPS + [*keys]):
        headers = {"Cookie": f"sessionid={key}", "Accept-Encoding": "identity"}
        begun = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        size = len(answer.read())
        if turn >= _WARM_UPS:
            seconds.append(time.perf_counter() - begun)
        # The server still records the visit; the next student comes by another
        # connection.
        time.sleep(_PAUSE_SECONDS)
        if answer.status != http.client.OK:
            sys.exit(f"{path} answered {answer.status}")
    return PageTimes(page=page, seconds=tuple(sorted(seconds)), size=size)


def measure_all() -> list[PageTimes]:
    """Return the times of all pages, in a portal made for it."""
    visitors = fill(is_marked=True)
    turns = {
        "student": (_STUDENT_PAGES, visitors.students),
        "staff": (_STAFF_PAGES, [visitors.lecturer] * _STAFF_TURNS),
    }
    with served() as connection:
        return [
            measure(
                connection,
                f"{who}: {page}",
                path.format(code=visitors.code),
                keys=keys,
                warm_up=visitors.site_staff,
            )
            for who, (pages, keys) in turns.items()
            for page, path in pages.items()
        ]


def main() -> None:
    """Measure, print the table, and write it to a file if asked to."""
    parser = argparse.ArgumentParser(prog="bench.pages", description=__doc__)
    parser.add_argument("--write", type=Path, help="write the report as Markdown")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ.update(
            SOFTMARK_VAR=folder,
            # The database that the environment names must not be used here.
            DATABASE_URL=f"sqlite:///{folder}/pages.sqlite3",
            PORT=str(free_port()),
            WEB_PROCESSES="1",
            SECRET_KEY="only-for-measuring-" + "x" * 40,
            DJANGO_SETTINGS_MODULE="portal.settings",
        )
        before = machine.load()
        subprocess.run([sys.executable, "manage.py", "prepare"], cwd=_ROOT, check=True)
        import django  # noqa: PLC0415  its settings are read once

        django.setup()
        from django.db import connection  # noqa: PLC0415

        times = measure_all()
        facts = machine.facts()
        facts["database"] = connection.vendor
        facts["load"] = f"before {before}; after {machine.load()}"
    lines = [_HEAD, *(one.cells() for one in times)]
    print(as_text(list(facts.items())), as_text(lines), sep="\n\n")
    if options.write:
        words = "\n\n".join(
            (_HOW, as_markdown([("", ""), *facts.items()]), as_markdown(lines))
        )
        options.write.write_text(f"{words}\n")


_HOW: Final = f"""\
# Page times

Written by `make bench-pages WRITE=docs/page-times.md`. {(__doc__ or "").partition(chr(10))[2].strip()}

* The course is the demo's, at the end of its term: everything is out. So each student's page is as full as it gets.
* The marking pages are those of further coursework, to which all 300 students have handed in answers to five questions. Half of them are marked.
* One gunicorn process, as `make run` starts it, and one request at a time.
* Each student's visit is written down after its answer has been sent, in the 30 ms that lie between two requests. Ten requests before the first are warm-ups and do not count."""


if __name__ == "__main__":
    main()
