"""The queries of the queue take one walk through an index, however many rows there are."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.models import AssignmentRevision
from grading.models import GradingRun, Trial
from grading.querysets import GradingRunQuerySet
from grading.services import sweeping
from grading.services.fair_turns import waiting_students
from grading.services.queue_place import finished_solutions, recent_runs
from grading.services.sweeping import sweep
from grading.states import State, Verdict
from grading.worker.database_statistics import DatabaseStatistics
from tests.factories import AssignmentFactory, GradingRunFactory, TrialFactory
from tests.grading.floods import many_runs, many_submissions

pytestmark = pytest.mark.django_db
ROWS = 2000


# Only SQLite's planner does without statistics.
STATISTICS = ["fresh", "analysed"] if connection.vendor == "sqlite" else ["analysed"]


@pytest.fixture(params=STATISTICS)
def revision(request: pytest.FixtureRequest) -> AssignmentRevision:
    """Return a revision with many queued and finished runs, known to the planner."""
    assignment = AssignmentFactory.create()
    revision = assignment.revision
    assert revision is not None
    work = many_submissions(assignment, ROWS)
    many_runs(
        work,
        state=State.FINISHED,
        verdict=Verdict.COMPLETED,
        finished_at=timezone.now(),
        measures={"seconds": 1.5},
    )
    many_runs(work, number=2)
    TrialFactory.create(revision=revision, finished=True)
    GradingRunFactory.create(running=True)
    if request.param == "analysed":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return revision


def assert_walks(rows: "QuerySet[GradingRun, Any]", index: str) -> None:
    """Assert that the query reads this index in its order, and sorts nothing."""
    plan = rows.explain()
    assert index in plan, plan
    for word in ("Sort", "Seq Scan", "TEMP B-TREE", "SCAN grading_gradingrun\n"):
        assert word not in plan, plan


def line() -> GradingRunQuerySet:
    return GradingRun.objects.filter(queue="cpu", priority=0)


def test_a_claim(revision: AssignmentRevision) -> None:
    waiting = GradingRun.objects.queued().filter(queue="cpu")
    assert_walks(waiting[:1], "grading_run_turns")
    assert_walks(waiting.left_to_host("host")[:1], "grading_run_turns")


def test_the_clock_of_the_turns(revision: AssignmentRevision) -> None:
    assert_walks(line().queued()[:1], "grading_run_turns")
    running = line().filter(state=State.RUNNING)
    assert_walks(running.order_by(), "grading_run_leases")


def test_the_waiting_students_of_a_course(revision: AssignmentRevision) -> None:
    other = GradingRunFactory.create().revision.assignment.course
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    waiting = waiting_students(line(), other.pk).order_by()
    assert_walks(waiting.values("course"), "grading_run_waiting_course")


def test_the_expected_wait(revision: AssignmentRevision) -> None:
    assert_walks(recent_runs(revision.pk)[:21], "grading_run_recent")
    assert_walks(finished_solutions(revision)[:1], "grading_run_trial_number_unique")


def test_the_sweep(
    revision: AssignmentRevision, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_walks(GradingRun.objects.with_expired_lease(), "grading_run_leases")
    assert_walks(GradingRun.objects.not_woken().filter(queue="cpu")[:16], "turns")
    # The report of a queue that does not move counts all that waits.
    monkeypatch.setattr(sweeping, "_has_had_time", lambda: False)
    plan = plans_of(sweep)
    assert "grading_run_oldest" in plan
    assert "grading_run_times" not in plan
    assert "Seq Scan on grading_gradingrun" not in plan


def plans_of(query: Callable[[], object]) -> str:
    """Return the plans of all queries that the call makes."""
    with CaptureQueriesContext(connection) as queries:
        query()
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        found = []
        for one in queries:
            cursor.execute(f"{explain} {one['sql']}")
            found += [str(row[-1]) for row in cursor.fetchall()]
    return "\n".join(found)


def test_the_number_of_runs_ahead(revision: AssignmentRevision) -> None:
    first = GradingRun.objects.queued().filter(revision=revision).first()
    assert first is not None
    plan = plans_of(lambda: GradingRun.objects.number_ahead_of(first))
    assert plan.count("grading_run_turns") >= 3, plan
    assert "Seq Scan on grading_gradingrun" not in plan
    if connection.vendor == "sqlite":
        assert "queue=? AND priority=? AND turn<?" in plan.replace("<expr>", "priority")


def test_sqlite_learns_of_new_rows_once_an_hour() -> None:
    statistics = DatabaseStatistics()
    is_sqlite = connection.vendor == "sqlite"
    assert [statistics.keep_fresh() for _ in range(2)] == [is_sqlite, False]


def test_trials_are_still_found_by_their_revision(revision: AssignmentRevision) -> None:
    assert finished_solutions(revision).get().trial == Trial.SOLUTION
