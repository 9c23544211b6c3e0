"""Which attempt counts: the latest, the chosen one, or the best after its penalty."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Sum

from courses.models import Assignment, Question
from formats.choices import Counting
from grading.hand_points import HandPoints
from grading.mark_points import LateTerms, points_after
from grading.models import CountingWork, GradingRun
from grading.services.hand_points import MarkedByHand, load_hand_points
from grading.services.lateness import Attempt, Owner, late_terms, run_terms


def choose_counting(
    counting: str,
    attempts: Sequence[GradingRun],
    points: Callable[[GradingRun], Decimal],
) -> GradingRun | None:
    """Return the run that counts, or None if there is none.

    `counting` is the assignment's rule. `attempts` are the runs that stand for the
    attempts, the latest first, and `points` returns the points of a run after its late
    penalty. Of two equally good runs, the later counts. While no attempt is chosen, the
    latest counts.
    """
    if counting == Counting.CHOICE:
        chosen: list[Any] = list(attempts)
        attempts = [run for run in chosen if run.is_chosen] or attempts
    if counting != Counting.BEST:
        return attempts[0] if attempts else None
    return max(attempts, key=points, default=None)


def comparable_points(
    automatic: Decimal, hand: HandPoints, late: LateTerms | None
) -> Decimal:
    """Return the points by which an attempt is compared with others, after its penalty.

    Questions that nobody has marked count as if they had full points. So an attempt
    that may still become the best one counts, and waits for a marker; one that cannot
    needs no marking.
    """
    return points_after(automatic + hand.reachable, late)


def counting_works(owners: Iterable[Owner], *related: str) -> dict[Owner, CountingWork]:
    """Return the work that counts for each assignment and student, if there is any.

    The runs come with their submissions, revisions and assignments. `related` names
    further relations to prefetch. Two queries and those of `related`; two more where the
    best attempt counts and late work or people decide which it is, four where people
    mark, and two where late days count.
    """
    wanted = set(owners)
    marked = load_hand_points(
        {assignment for assignment, _ in wanted},
        students={student for _, student in wanted},
    )
    chosen = GradingRun.objects.counting().filter(
        submission__assignment__in={assignment for assignment, _ in wanted},
        submission__author__in={student for _, student in wanted},
    )
    found = _load(chosen.values("pk"), related, wanted)
    compared = {
        owner
        for owner, run in found.items()
        if compares_attempts(run.work.assignment, marked)
    }
    simple = {owner: run for owner, run in found.items() if owner not in compared}
    terms = run_terms(simple.values())
    works = {
        owner: CountingWork(run=run, late=terms.get(run.pk), hand=marked.of_run(run))
        for owner, run in simple.items()
    }
    if compared:
        works |= _best_after_penalties(compared, found, related, marked)
    return works | _without_work(wanted - found.keys(), marked)


def _without_work(
    owners: set[Owner], marked: MarkedByHand
) -> dict[Owner, CountingWork]:
    """Return what people gave students who handed in nothing.

    Markings are by the published revision. One query where there are some.
    """
    entered = owners & marked.entered.keys()
    by_rubric = {
        (assignment, student)
        for assignment, student in owners - entered
        if student in marked.earned
    }
    published = Assignment.objects.filter(pk__in={key for key, _ in by_rubric})
    rows = (
        published.order_by()
        .values_list("pk", "revision")
        .annotate(possible=Sum("revision__questions__points", default=Decimal(0)))
        if by_rubric
        else ()
    )
    found = {key: (revision, possible) for key, revision, possible in rows}
    works = {}
    for owner in entered | by_rubric:
        revision, possible = found.get(owner[0], (None, Decimal(0)))
        unsent = marked.without_work(
            owner, revision=revision, possible={revision or 0: possible}
        )
        if unsent and (unsent.is_entered or unsent.is_marked):
            works[owner] = CountingWork(
                run=None,
                hand=unsent.hand,
                possible=unsent.possible,
                is_entered=unsent.is_entered,
            )
    return works


def points_of_revisions(assignments: Collection[Assignment]) -> dict[int, Decimal]:
    """Return the points of each revision by its id: earlier ones have marks too."""
    questions = Question.objects.filter(revision__assignment__in=assignments).order_by()
    return dict(questions.values_list("revision").annotate(total=Sum("points")))


class CountingRow(NamedTuple):
    """What a list shows of the work that counts. Tuples keep large pages quick.

    `possible` are the points that could be earned.
    """

    automatic: Decimal
    revision_id: int | None
    attempt: int | None
    hand: HandPoints
    late: LateTerms | None
    run_id: UUID | None = None
    submission_id: UUID | None = None
    possible: Decimal = Decimal(0)


def row_without_work(
    assignment: Assignment,
    student: int,
    *,
    possible: Mapping[int, Decimal],
    marked: MarkedByHand,
) -> CountingRow | None:
    """Return what people gave a student who handed in nothing; None without a mark.

    `possible` are the points of revisions. With `counting_rows`, this is everything
    that can count for a student.
    """
    revision = assignment.revision_id
    unsent = marked.without_work(
        (assignment.pk, student), revision=revision, possible=possible
    )
    if unsent is None or not unsent.is_marked:
        return None
    return CountingRow(
        automatic=Decimal(0),
        revision_id=revision,
        attempt=None,
        hand=unsent.hand,
        late=None,
        possible=unsent.possible,
    )


def counting_rows(
    assignment: Assignment,
    *,
    possible: Mapping[int, Decimal],
    marked: MarkedByHand,
) -> dict[int, CountingRow]:
    """Return what counts for everybody by the student's id: see `counting_rows_of`."""
    rows = counting_rows_of([assignment], possible=possible, marked=marked)
    return {student: row for (_, student), row in rows.items()}


def counting_rows_of(
    assignments: Sequence[Assignment],
    *,
    possible: Mapping[int, Decimal],
    marked: MarkedByHand,
    students: Collection[int] | None = None,
) -> dict[Owner, CountingRow]:
    """Return what counts for these students, or for everybody, by assignment and student.

    `possible` are the points of each revision, and `marked` what people gave. One query
    for the assignments that compare attempts, and one for the others; two more where
    late days count.
    """
    by_rule: dict[bool, dict[int, Assignment]] = {True: {}, False: {}}
    for each in assignments:
        by_rule[compares_attempts(each, marked)][each.pk] = each
    found: dict[Owner, list[CountingRow]] = {}
    attempts: dict[tuple[int, int, int], Attempt] = {}
    for compares, group in by_rule.items():
        for (
            assignment,
            student,
            received_at,
            extra_time,
            points,
            revision,
            number,
            work,
            run,
        ) in _counting_values(group, students, compares=compares):
            hand = marked.of(work, revision)
            out_of = possible.get(revision, Decimal(0))
            row = CountingRow(
                points or Decimal(0), revision, number, hand, None, run, work, out_of
            )
            found.setdefault((assignment, student), []).append(row)
            attempts[assignment, student, number] = Attempt(
                group[assignment], student, received_at, extra_time, out_of
            )
    terms = late_terms(attempts)
    return {
        owner: max(
            (row._replace(late=terms.get((*owner, row.attempt or 0))) for row in own),
            key=lambda row: (
                comparable_points(row.automatic, row.hand, row.late),
                row.attempt,
            ),
        )
        for owner, own in found.items()
    }


def _counting_values(
    assignments: Collection[int], students: Collection[int] | None, *, compares: bool
) -> Any:
    """Return the columns of the runs that may count. One query, or none."""
    if not assignments:
        return ()
    runs = (
        GradingRun.objects.one_per_attempt()
        if compares
        else GradingRun.objects.counting()
    )
    rows: Any = runs.of_submissions().filter(revision__assignment__in=assignments)
    if students is not None:
        rows = rows.filter(submission__author__in=students)
    return (
        rows.with_extra_time()
        .order_by()
        .values_list(
            "revision__assignment",
            "submission__author",
            "submission__received_at",
            "extra_time",
            "automatic_points",
            "revision",
            "submission__attempt",
            "submission",
            "pk",
        )
    )


def compares_attempts(assignment: Assignment, marked: MarkedByHand) -> bool:
    """Return whether the attempt that counts depends on late penalties or on people."""
    is_best = assignment.counting == Counting.BEST
    by_hand = assignment.pk in marked.assignments
    return is_best and (by_hand or assignment.late_rule.takes_points)


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
    owners: set[Owner],
    found: dict[Owner, GradingRun],
    related: Sequence[str],
    marked: MarkedByHand,
) -> dict[Owner, CountingWork]:
    """Return the best attempts after their penalties, with what people gave.

    `found` are the runs that are the best before these.
    """
    rows = (
        GradingRun.objects.one_per_attempt()
        .filter(
            submission__assignment__in={assignment for assignment, _ in owners},
            submission__author__in={student for _, student in owners},
        )
        .with_lateness()
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
        automatic = run.automatic_points or Decimal(0)
        return comparable_points(automatic, marked.of_run(run), terms.get(run.pk))

    best = {owner: max(runs, key=points) for owner, runs in candidates.items()}
    others = {run.pk for owner, run in best.items() if run.pk != found[owner].pk}
    loaded = found | (_load(others, related, owners) if others else {})
    return {
        owner: CountingWork(
            run=loaded[owner], late=terms.get(run.pk), hand=marked.of_run(run)
        )
        for owner, run in best.items()
    }
