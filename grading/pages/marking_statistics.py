"""How each marker marks, and a sample of each marker's markings to look at."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from courses.models import Assignment, Question
from courses.permissions import Right, rights_in
from grading.marker_statistics import (
    GivenPoints,
    MarkerNumbers,
    marker_numbers,
    sample,
)
from grading.models import Stage
from grading.services.aliases import codes_of
from grading.services.blind_marking import hidden_answers
from grading.services.marker_records import (
    MarkerRecord,
    changed_by_requests,
    marker_records,
)
from submissions.models import Submission


@dataclass(frozen=True, kw_only=True)
class NumbersRow:
    """A marker's numbers of one question."""

    marker: str
    numbers: MarkerNumbers

    @property
    def difference(self) -> str:
        """How far the marker's mean is above that of all, with its sign."""
        words = f"{self.numbers.difference:+.1f}".replace("-", "\N{MINUS SIGN}")
        return words if words[1:] != "0.0" else "0.0"


@dataclass(frozen=True, kw_only=True)
class QuestionNumbers:
    """The numbers of all markers of one question."""

    title: str
    rows: tuple[NumbersRow, ...]

    @property
    def of_all(self) -> float:
        """The mean of all markings of the question, in %."""
        return self.rows[0].numbers.of_all


@dataclass(frozen=True, kw_only=True)
class SampledMarking:
    """A first marking to look at: its question, the student's code, and its points.

    `attempt` is None if the student handed in nothing.
    """

    key: str
    title: str
    code: str
    whose: str
    attempt: int | None
    record: MarkerRecord


@dataclass(frozen=True, kw_only=True)
class MarkerSummary:
    """One marker in all: how many markings, how many a request changed, a sample."""

    name: str
    count: int
    changed: int
    sample: tuple[SampledMarking, ...]

    @property
    def changed_percent(self) -> float:
        return 100 * self.changed / self.count if self.count else 0.0


@dataclass(frozen=True, kw_only=True)
class MarkingStatisticsPage:
    """The page. `size` and `draw` are those of the sample.

    `left_out` is how many answers the viewer must not know yet, as their second marker.
    """

    questions: tuple[QuestionNumbers, ...]
    markers: tuple[MarkerSummary, ...]
    size: int
    draw: int
    left_out: int = 0
    may_mark: bool = True

    @property
    def next_draw(self) -> int:
        """The number that gives another sample."""
        return self.draw + 1


def marking_statistics_page(
    *, assignment: Assignment, viewer: User, size: int, draw: int
) -> MarkingStatisticsPage:
    """Return the page in a number of queries that does not grow with the course.

    SECURITY: all markings of an answer whose first one is hidden from the viewer are
    left out, also from means and counts.
    """
    hidden = hidden_answers(viewer, [assignment.pk])
    records = [
        each
        for each in marker_records(assignment)
        if (assignment.pk, each.student, each.key) not in hidden
    ]
    changed = changed_by_requests(
        assignment, without={(student, key) for _, student, key in hidden}
    )
    names = {
        user.pk: user.name
        for user in User.objects.filter(
            pk__in={each.marker for each in records} | changed.keys()
        )
    }
    titles = _titles(assignment)
    rights = rights_in(viewer, assignment.course)
    sampled = _sampled(
        assignment,
        records,
        titles,
        size=size,
        draw=draw,
        sees_names=Right.VIEW_ALL_WORK in rights
        and not assignment.marking_is_anonymous,
    )
    return MarkingStatisticsPage(
        questions=_questions(records, names, titles),
        markers=_markers(names, records, changed, sampled),
        size=size,
        draw=draw,
        left_out=len(hidden),
        may_mark=Right.GRADE in rights,
    )


def _titles(assignment: Assignment) -> dict[str, str]:
    """Return the titles of questions by their keys: those of the latest revision first."""
    rows = Question.objects.filter(
        revision__assignment=assignment, rubric__isnull=False
    ).order_by("-revision__number", "position", "pk")
    found: dict[str, str] = {}
    for key, title in rows.values_list("key", "title"):
        found.setdefault(key, title)
    return found


def _questions(
    records: list[MarkerRecord], names: dict[int, str], titles: dict[str, str]
) -> tuple[QuestionNumbers, ...]:
    found: dict[str, list[NumbersRow]] = defaultdict(list)
    given = (
        GivenPoints(
            key=each.key,
            marker=each.marker,
            points=float(each.points),
            possible=float(each.possible),
        )
        for each in records
    )
    for numbers in marker_numbers(given):
        row = NumbersRow(marker=names[numbers.marker], numbers=numbers)
        found[numbers.key].append(row)
    return tuple(
        QuestionNumbers(
            title=title,
            rows=tuple(sorted(found[key], key=lambda row: row.marker.casefold())),
        )
        for key, title in titles.items()
        if key in found
    )


def _sampled(
    assignment: Assignment,
    records: list[MarkerRecord],
    titles: dict[str, str],
    *,
    size: int,
    draw: int,
    sees_names: bool,
) -> dict[int, tuple[SampledMarking, ...]]:
    """Return a sample of each marker's first markings. Without names, by their codes.

    The marking page shows no second marking to those who did not make it.
    """
    by_marker: dict[int, list[MarkerRecord]] = defaultdict(list)
    for each in sorted(records, key=lambda each: each.marking):
        if each.stage == Stage.FIRST:
            by_marker[each.marker].append(each)
    drawn = sample(by_marker, size, f"{assignment.pk}:{draw}")
    students = {each.student for found in drawn.values() for each in found}
    codes = codes_of(assignment, students) if students else {}
    works = {
        each.submission
        for found in drawn.values()
        for each in found
        if each.submission is not None
    }
    submissions = Submission.objects.filter(pk__in=works).order_by()
    attempts: dict[UUID | None, int] = dict(submissions.values_list("pk", "attempt"))
    names = {}
    if sees_names:
        names = {user.pk: user.name for user in User.objects.filter(pk__in=students)}
    return {
        marker: tuple(
            SampledMarking(
                key=each.key,
                title=titles.get(each.key, each.key),
                code=codes[each.student],
                whose=names.get(each.student, codes[each.student]),
                attempt=attempts.get(each.submission),
                record=each,
            )
            for each in found
        )
        for marker, found in drawn.items()
    }


def _markers(
    names: dict[int, str],
    records: list[MarkerRecord],
    changed: Counter[int],
    sampled: dict[int, tuple[SampledMarking, ...]],
) -> tuple[MarkerSummary, ...]:
    counts = Counter(each.marker for each in records)
    found = [
        MarkerSummary(
            name=name,
            count=counts[marker],
            changed=changed[marker],
            sample=sampled.get(marker, ()),
        )
        for marker, name in names.items()
    ]
    return tuple(sorted(found, key=lambda row: row.name.casefold()))
