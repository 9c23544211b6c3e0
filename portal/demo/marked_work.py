"""The demo's marking by hand: coursework that is marked and released, and half-marked."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from accounts.models import User
from courses.models import Assignment, Component, Rubric
from courses.services.revisions import import_revision
from formats.assignment import Bundle
from formats.assignment.rubric import Choose
from grading.models import RegradeRequest, Standing
from grading.services import publish_revision
from grading.services.mark_standing import set_standing
from grading.services.marking import GivenMarking, MarkingTarget, save_marking
from portal.demo.people import DOMAIN
from submissions.models import Submission

FIRST_STEPS: Final = "first-steps"
# Long enough for a worker to have run this work, which is the first in the queue: the
# class in bins has the marks that were there at the release.
RELEASED_AFTER: Final = dt.timedelta(minutes=5)
_DAY: Final = dt.timedelta(days=1)
# Hands in an example submission for a student: assignment, submission.
HandIn = Callable[[User, Assignment, str], object]


@dataclass(frozen=True, kw_only=True)
class Marked:
    """How somebody marked a student's answer in words.

    `choices` are places of items in the groups of its rubric; `points` are given where
    the rubric has no items.
    """

    email: str
    submission: str = ""
    choices: tuple[tuple[int, ...], ...] = ()
    points: Decimal = Decimal(0)
    comment: str = ""
    is_finished: bool = True


FIRST: Final = (
    Marked(
        email="student",
        submission="middling",
        choices=((0,), (1,), (1,)),
        points=Decimal(2),
        comment="You name what the network confuses, and say why. The change would fit "
        "*any* network: which part of a **convolution** does it use?",
    ),
    Marked(
        email="amira.haddad",
        submission="good",
        choices=((0, 1), (0,), (0,)),
        points=Decimal(4),
        comment="A convincing account from the first digit to the last.",
    ),
    Marked(
        email="ben.whitlock",
        submission="middling",
        choices=((0,), (1,), (1,)),
        points=Decimal(2),
    ),
    Marked(
        email="chiara.fontana",
        submission="good",
        choices=((0, 1), (0,), (1,)),
        points=Decimal("3.5"),
    ),
    Marked(
        email="finn.gallagher",
        submission="unfinished",
        choices=((), (), ()),
        comment="Nothing was written here.",
    ),
    *(
        Marked(
            email=email,
            submission=submission,
            choices=((0, 1), (0,), (1,)) if submission == "good" else ((0,), (1,)),
        )
        for email, submission in (
            ("daniel.osei", "good"),
            ("elena.petrova", "good"),
            ("grace.adeyemi", "middling"),
            ("hiro.tanabe", "middling"),
            ("jakub.nowicki", "middling"),
            ("maya.raghavan", "good"),
            ("noah.sinclair", "middling"),
            ("olivia.trent", "good"),
            ("priya.venkatesan", "middling"),
            ("rosa.delgado", "good"),
            ("tariq.mansour", "middling"),
            ("wen.jiang", "good"),
        )
    ),
)
EXCUSED: Final = ("irene.carvalho", "una.byrne")
HALF: Final = (
    Marked(
        email="amira.haddad",
        choices=((0, 1), (0,), (1,)),
        points=Decimal("3.5"),
        comment="Say what you would expect if chance alone were at work.",
    ),
    Marked(email="ben.whitlock", choices=((0,), (1,)), points=Decimal("1.5")),
    Marked(email="elena.petrova", choices=((0,),), is_finished=False),
)
ASKS: Final = "ben.whitlock"
_REASON: Final = (
    "I gave a measurement that could prove my change wrong: the accuracy on the rotated "
    "digits, in the last paragraph."
)


def make_first_steps(
    exercises: Component, people: Mapping[str, User], bundle: Bundle, now: dt.datetime
) -> Assignment:
    """Make an exercise that was due two weeks ago, whose marks come out soon."""
    due_at = (now - 14 * _DAY).replace(minute=0, second=0, microsecond=0)
    made = Assignment.objects.create(
        course=exercises.course,
        component=exercises,
        slug=FIRST_STEPS,
        title="First steps",
        summary="The first task of the course, an exercise that is marked by hand, too.",
        release_at=due_at - 7 * _DAY,
        due_at=due_at,
        marks_released_at=now + RELEASED_AFTER,
        regrades_until=now + 14 * _DAY,
    )
    lecturer = people[f"lecturer@{DOMAIN}"]
    revision = import_revision(actor=lecturer, assignment=made, bundle=bundle)
    publish_revision(
        actor=lecturer,
        revision=revision,
        reason="The demo starts with work that was handed in two weeks ago.",
    )
    made.revision = revision
    return made


def hand_in_first_steps(
    first_steps: Assignment, people: Mapping[str, User], hand_in: HandIn
) -> Sequence[object]:
    """Hand in everybody's first steps, and return the runs."""
    return [
        hand_in(people[f"{each.email}@{DOMAIN}"], first_steps, each.submission)
        for each in FIRST
    ]


def mark_demo(
    first_steps: Assignment, coursework: Assignment, people: Mapping[str, User]
) -> None:
    """Mark the first steps, and half of the coursework; one student asks again.

    Some are excused from the first steps.
    """
    marker = people[f"assistant@{DOMAIN}"]
    for assignment, marked in ((first_steps, FIRST), (coursework, HALF)):
        for each in marked:
            _mark(marker, assignment, people[f"{each.email}@{DOMAIN}"], each)
    for email in EXCUSED:
        set_standing(
            actor=people[f"lecturer@{DOMAIN}"],
            assignment=first_steps,
            student=people[f"{email}@{DOMAIN}"],
            standing=Standing.EXCUSED,
            reason="Joined the course after the deadline.",
        )
    asked = people[f"{ASKS}@{DOMAIN}"]
    points = next(each.points for each in FIRST if each.email == ASKS)
    # The service takes no request before the release.
    RegradeRequest.objects.create(
        submission=_latest(first_steps, asked),
        key=_rubric(first_steps).key,
        reason=_REASON,
        points_before=points,
    )


def _mark(marker: User, assignment: Assignment, student: User, marked: Marked) -> None:
    rubric, chosen = _rubric(assignment), set()
    groups = list(rubric.groups.all())
    for group, places in zip(groups, marked.choices, strict=False):
        items = list(group.items.all())
        wanted = places[:1] if group.choose == Choose.ONE else places
        chosen |= {items[place].pk for place in wanted}
    save_marking(
        actor=marker,
        target=MarkingTarget(
            rubric=rubric, student=student, submission=_latest(assignment, student)
        ),
        given=GivenMarking(
            items=frozenset(chosen),
            adjustment=Decimal(0) if groups else marked.points,
            comment=marked.comment,
            is_finished=marked.is_finished,
        ),
        version=0,
    )


def _rubric(assignment: Assignment) -> Rubric:
    """Return the rubric of the assignment's question that people mark."""
    rows = Rubric.objects.filter(assignment=assignment)
    return rows.prefetch_related("groups__items").order_by("pk")[0]


def _latest(assignment: Assignment, student: User) -> Submission:
    return Submission.objects.filter(assignment=assignment, author=student).latest(
        "attempt"
    )
