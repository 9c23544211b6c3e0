"""Which attempt counts: the latest, or the best after its own late penalty."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from courses.models import Assignment
from formats.choices import Counting
from grading.mark_points import LateTerms, points_after
from grading.models import GradingRun, Mark
from grading.services.lateness import Attempt, Owner, late_terms, run_terms


@dataclass(frozen=True, kw_only=True)
class CountingWork:
    """The run of the attempt that counts, and its terms if it is late."""

    run: GradingRun
    late: LateTerms | None


def choose_counting(
    counting: str,
    latest_finished: Sequence[GradingRun],
    points: Callable[[GradingRun], Decimal],
) -> GradingRun | None:
    """Return the latest finished run that counts, or None if there is none.

    `counting` is the assignment's rule, `latest_finished` has the latest attempt first,
    and `points` returns the points of a run after its late penalty. Of two equally good
    runs, the later counts.
    """
    if counting == Counting.LATEST:
        return latest_finished[0] if latest_finished else None
    return max(latest_finished, key=points, default=None)


def counting_works(owners: Iterable[Owner], *related: str) -> dict[Owner, CountingWork]:
    """Return the run that counts for each assignment and student, if there is one.

    The runs come with their submissions, revisions and assignments. `related` names
    further relations to prefetch. One query and those of `related`; two more where the
    best attempt counts and late work loses points, and two where late days count.
    """
    wanted = set(owners)
    chosen = GradingRun.objects.counting().filter(
        submission__assignment__in={assignment for assignment, _ in wanted},
        submission__author__in={student for _, student in wanted},
    )
    found = _load(chosen.values("pk"), related, wanted)
    compared = {
        owner for owner, run in found.items() if compares_penalties(run.work.assignment)
    }
    simple = {owner: run for owner, run in found.items() if owner not in compared}
    terms = run_terms(simple.values())
    works = {
        owner: CountingWork(run=run, late=terms.get(run.pk))
        for owner, run in simple.items()
    }
    if compared:
        works |= _best_after_penalties(compared, found, related)
    return works


class CountingRow(NamedTuple):
    """What a list shows of the run that counts. Tuples keep large pages quick."""

    automatic: Decimal
    revision_id: int
    attempt: int
    late: LateTerms | None


def counting_rows(
    assignment: Assignment,
    *,
    possible: Mapping[int, Decimal],
    manual: Mapping[int, Decimal],
) -> dict[int, CountingRow]:
    """Return what counts for everybody by the student's id. One query.

    `possible` are the points of each revision, and `manual` those that people gave to
    each student. Two queries more where late days count.
    """
    compares = compares_penalties(assignment)
    runs = (
        GradingRun.objects.latest_finished()
        if compares
        else GradingRun.objects.counting()
    )
    rows: Any = runs.of_assignment(assignment).with_extension().order_by()
    names = ("automatic_points", "revision", "submission__attempt")
    found: dict[int, list[CountingRow]] = {}
    attempts: dict[tuple[int, int], Attempt] = {}
    for student, received_at, extended_to, points, revision, number in rows.values_list(
        "submission__author", "submission__received_at", "extended_to", *names
    ):
        row = CountingRow(points or Decimal(0), revision, number, None)
        found.setdefault(student, []).append(row)
        attempts[student, number] = Attempt(
            assignment,
            student,
            received_at,
            extended_to,
            possible.get(revision, Decimal(0)),
        )
    terms = late_terms(attempts)
    return {
        student: _best_row(
            (row._replace(late=terms.get((student, row.attempt))) for row in own),
            manual.get(student, Decimal(0)),
        )
        for student, own in found.items()
    }


def _best_row(rows: Iterable[CountingRow], manual: Decimal) -> CountingRow:
    return max(
        rows,
        key=lambda row: (points_after(row.automatic + manual, row.late), row.attempt),
    )


def compares_penalties(assignment: Assignment) -> bool:
    """Return whether the attempt that counts depends on late penalties."""
    is_best = assignment.counting != Counting.LATEST
    return is_best and assignment.late_rule.takes_points


def _load(
    keys: Any, related: Sequence[str], wanted: set[Owner]
) -> dict[Owner, GradingRun]:
    runs = (
        GradingRun.objects.filter(pk__in=keys)
        .with_lateness()
        .select_related("revision")
        .prefetch_related(*related)
    )
    by_owner = {(run.work.assignment_id, run.work.author_id): run for run in runs}
    return {owner: run for owner, run in by_owner.items() if owner in wanted}


def _best_after_penalties(
    owners: set[Owner], found: dict[Owner, GradingRun], related: Sequence[str]
) -> dict[Owner, CountingWork]:
    """Return the best attempts after their penalties.

    `found` are the runs that are the best before the penalties.
    """
    given = Mark.objects.filter(
        assignment=OuterRef("submission__assignment"),
        student=OuterRef("submission__author"),
    )
    rows = (
        GradingRun.objects.latest_finished()
        .filter(
            submission__assignment__in={assignment for assignment, _ in owners},
            submission__author__in={student for _, student in owners},
        )
        .with_lateness()
        .annotate(manual=Coalesce(Subquery(given.values("manual_points")), Decimal(0)))
        .defer("progress", "measures", "detail", "record")
        .order_by("-submission__attempt")
    )
    candidates: dict[Owner, list[GradingRun]] = {}
    for run in rows:
        owner = (run.work.assignment_id, run.work.author_id)
        if owner in owners:
            candidates.setdefault(owner, []).append(run)
    terms = run_terms(run for runs in candidates.values() for run in runs)

    def points(run: GradingRun) -> Decimal:
        raw = (run.automatic_points or Decimal(0)) + run.manual  # type: ignore[attr-defined]  # annotated
        return points_after(raw, terms.get(run.pk))

    best = {owner: max(runs, key=points) for owner, runs in candidates.items()}
    others = {run.pk for owner, run in best.items() if run.pk != found[owner].pk}
    loaded = found | (_load(others, related, owners) if others else {})
    return {
        owner: CountingWork(run=loaded[owner], late=terms.get(run.pk))
        for owner, run in best.items()
    }
