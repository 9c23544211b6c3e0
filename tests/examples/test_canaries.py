"""Secrets of the tests reach nothing that a student can fetch.

A hostile notebook is handed in and graded by the real runner. Then everything that its
author can reach by links and by the API is fetched, with the mails and the log.
"""

import json
import logging
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Final

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.actors import SYSTEM
from courses.services.revisions import import_revision
from formats.assignment import read_bundle
from grading.models import GradingRun
from grading.services import publish_revision, submit_work
from grading.worker.execution import execute_next
from runner.host.runner import Runner
from submissions.services import IncomingFile
from tests.factories import AssignmentFactory, EnrolmentFactory
from tests.formats.assignment.bundles import MANIFEST, notebook_of, write_bundle
from tests.grading.pages import signed_in

pytestmark = [
    pytest.mark.torch,
    pytest.mark.one_database,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

CANARIES: Final = {
    name: f"canary-{name}-5b1f0e"
    for name in ("source", "expected", "input", "label", "error", "solution")
}
TESTS: Final = f'''\
# {CANARIES["source"]}
def small(add):
    """Small numbers are added."""
    assert add("{CANARIES["input"]}", "") == "{CANARIES["expected"]}"


def large(add, private):
    """Large numbers are added."""
    label = (private / "labels.txt").read_text()
    raise ValueError(f"{CANARIES["error"]} {{label}}")
'''
# It keeps, prints, raises and displays its arguments, and searches for other secrets.
KEEPS: Final = """
kept = []
def add(a, b):
    kept.append(a); print(a); open("stolen.txt", "a").write(str(a))
    raise ValueError(str(a))
"""
SHOWS: Final = """
import os, pathlib
print(kept, os.listdir("."))
for path in ("stolen.txt", "/private/labels.txt"):
    if os.path.exists(path): print(pathlib.Path(path).read_text())
"""
HOSTILE: Final = (KEEPS, "# softmark: check add", SHOWS)
API: Final = ("runs", "submissions", "marks", "assignments", "courses")
_LINK: Final = re.compile(r'(?:href|src|hx-get|data-url)="(/[^"#]*)')
_MOST: Final = 300


@pytest.fixture
def run(tmp_path: Path, runner: Runner) -> GradingRun:
    """Return the run of a hostile notebook that was handed in and graded."""
    folder = tmp_path / "bundle"
    staff = notebook_of(
        "def add(a, b):\n    ### BEGIN SOLUTION\n"
        f"    return '{CANARIES['solution']}'\n    ### END SOLUTION",
        "# softmark: check add",
    )
    handout = notebook_of(
        "def add(a, b):\n    # YOUR CODE HERE\n    raise NotImplementedError",
        "# softmark: check add",
    )
    write_bundle(
        folder,
        manifest=MANIFEST,
        tests=TESTS,
        staff=json.dumps(staff),
        handout=json.dumps(handout),
    )
    (folder / "private").mkdir()
    (folder / "private" / "labels.txt").write_text(CANARIES["label"])
    assignment = AssignmentFactory.create(with_revision=False)
    revision = import_revision(
        actor=SYSTEM, assignment=assignment, bundle=read_bundle(folder)
    )
    publish_revision(actor=SYSTEM, revision=revision, reason="for a test")
    assignment.refresh_from_db()
    student = EnrolmentFactory.create(course=assignment.course).user
    (tmp_path / "task.ipynb").write_text(json.dumps(notebook_of(*HOSTILE)))
    with (tmp_path / "task.ipynb").open("rb") as content:
        file = IncomingFile(
            name="task.ipynb",
            original_name="task.ipynb",
            content=content,
            size=(tmp_path / "task.ipynb").stat().st_size,
        )
        run = submit_work(
            actor=student,
            assignment=assignment,
            files=[file],
            started_at=timezone.now(),
        )
    assert execute_next(worker="test", queues=["cpu"], runner=runner)
    run.refresh_from_db()
    return run


def reachable(client: Client, *starts: str) -> Iterator[tuple[str, bytes]]:
    """Yield the address and content of every page that links lead to."""
    waiting, seen = list(starts), set(starts)
    while waiting:
        address = waiting.pop()
        answer = client.get(address, follow=True)
        content = b"".join(answer) if answer.streaming else answer.content
        yield address, content
        for link in map(unescape, _LINK.findall(content.decode(errors="replace"))):
            if link not in seen and not link.startswith(("/static/", "/accounts/")):
                seen.add(link)
                waiting.append(link)
        assert len(seen) < _MOST


def test_no_canary_is_in_anything_that_the_author_can_fetch(
    run: GradingRun, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (result,) = run.results.filter(question__key="add")
    assert result.points == 0
    assert CANARIES["error"] in str(result.traces), "the trial must be a real one"
    client = signed_in(run.work.author)
    fetched = dict(
        reachable(
            client,
            "/",
            run.get_absolute_url(),
            f"{run.get_absolute_url()}status/",
            run.work.get_absolute_url(),
            *(f"/api/v1/{name}/" for name in API),
            f"/api/v1/runs/{run.pk}/",
            f"/api/v1/submissions/{run.work.pk}/",
        )
    )
    assert any(address.endswith("/notebook/") for address in fetched)
    said = [*fetched.values(), caplog.text.encode()]
    said += [f"{one.subject} {one.body}".encode() for one in mail.outbox]
    found = {
        (name, address)
        for name, canary in CANARIES.items()
        for address, content in [*fetched.items(), ("log and mail", b" ".join(said))]
        if canary.encode() in content
    }
    assert not found
