"""The whole way from handing in to the mark, with the real runner."""

from contextlib import ExitStack
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.actors import SYSTEM
from courses.services.revisions import import_revision
from formats.assignment import read_bundle
from grading.models import GradingRun, Mark
from grading.services import publish_revision, start_trials, submit_work
from grading.trial_state import trials_of
from grading.worker.execution import execute_next
from runner.host.runner import Runner
from submissions.services import IncomingFile
from tests.examples.marking import EXAMPLE, EXPECTED, handed_in
from tests.factories import AssignmentFactory, EnrolmentFactory

pytestmark = [
    pytest.mark.torch,
    pytest.mark.one_database,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]


def hand_in(name: str) -> GradingRun:
    """Hand in the files of `name`, as a student of a course that uses the example."""
    assignment = AssignmentFactory.create(with_revision=False)
    revision = import_revision(
        actor=SYSTEM, assignment=assignment, bundle=read_bundle(EXAMPLE)
    )
    publish_revision(actor=SYSTEM, revision=revision, reason="for a test")
    assignment.refresh_from_db()
    student = EnrolmentFactory.create(course=assignment.course).user
    with ExitStack() as stack:
        files = [
            IncomingFile(
                name=path.name,
                original_name=path.name,
                content=stack.enter_context(path.open("rb")),
                size=path.stat().st_size,
            )
            for path in handed_in(name)
            if path is not None
        ]
        return submit_work(
            actor=student,
            assignment=assignment,
            files=files,
            started_at=timezone.now(),
        )


@pytest.mark.parametrize("name", ["middling", "unfinished"])
def test_handed_in_example_has_its_mark_stored(runner: Runner, name: str) -> None:
    run = hand_in(name)
    assert execute_next(worker="test", queues=["cpu"], runner=runner)
    run.refresh_from_db()
    expected = EXPECTED[name]
    assert run.verdict == expected["verdict"]
    points = {result.question.key: result.points for result in run.results.all()}
    assert points.pop("discussion") == 0
    assert points == {k: Decimal(str(v)) for k, v in expected["points"].items()}
    assert Mark.objects.get().final_points == sum(points.values())


@pytest.mark.long
def test_trials_of_the_example_allow_publishing(runner: Runner) -> None:
    assignment = AssignmentFactory.create(with_revision=False)
    revision = import_revision(
        actor=SYSTEM, assignment=assignment, bundle=read_bundle(EXAMPLE)
    )
    start_trials(actor=SYSTEM, revision=revision)
    while execute_next(worker="test", queues=["cpu"], runner=runner):
        pass
    assert trials_of(revision).are_good
