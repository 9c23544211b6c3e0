"""The coursework page: the brief, required files, the form, and one's own attempts."""

import datetime as dt
import math
from dataclasses import dataclass, replace
from decimal import Decimal

from accounts.models import User
from courses.models import (
    Assignment,
    AssignmentRevision,
    Course,
    RevisionFile,
)
from courses.permissions import Right, rights_in
from courses.release_times import is_released
from courses.services.course_storage import weights_words
from formats.assignment.assignment_content import Check, Visibility
from formats.choices import Counting, Part, QuestionKind
from formats.problems import Problem
from grading.models import GradingRun, RunnerEnvironment
from grading.pages.attempts import Attempt, own_attempts
from grading.pages.hand_in_status import HandInStatus, hand_in_status_of
from grading.pages.late_work import LateWork, late_work_of
from grading.pages.own_self_checks import OwnSelfChecks, own_self_checks
from grading.pages.submit_form import LastTry, SubmitForm, shown_form
from grading.scoring import rules_of
from grading.services.choosing import may_choose_attempt
from grading.services.use import budgets_of
from grading.services.view_times import own_times
from grading.states import State
from grading.visible_results import ShownResults, ViewTimes

_MEGABYTE = 1024**2
# The packages that students ask about first; the page folds the others away.
_MAIN = ("torch", "numpy", "matplotlib")
_SHOWN = {
    Visibility.ALWAYS: "Shown at once",
    Visibility.AFTER_DEADLINE: "Shown when you can no longer hand in",
    Visibility.AFTER_RELEASE: "Shown when marks are released",
    Visibility.NEVER: "Never shown",
}


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    """What a check is worth, when its result is shown, and what it tests.

    SECURITY: `words` are empty until the check may be shown. Its name and description
    can tell what it tests, so they are hidden for as long as its result is.
    """

    words: str
    points: Decimal
    visibility: Visibility
    shown: str


@dataclass(frozen=True, kw_only=True)
class QuestionRow:
    """A question of the assignment. Names and words of its checks are in `checks`."""

    title: str
    description: str
    kind: QuestionKind
    points: Decimal
    checks: tuple[CheckRow, ...]


@dataclass(frozen=True, kw_only=True)
class AssignmentPage:
    assignment: Assignment
    course: Course
    revision: AssignmentRevision | None
    questions: tuple[QuestionRow, ...]
    possible: Decimal
    handouts: tuple[RevisionFile, ...]
    environment: RunnerEnvironment | None
    versions: tuple[tuple[str, str], ...]
    hand_in_status: HandInStatus
    late: LateWork
    form: SubmitForm | None
    refusals: tuple[Problem, ...]
    attempts: tuple[Attempt, ...]
    self_checks: OwnSelfChecks | None
    is_staff_view: bool
    marks_are_final: bool
    marks_are_out: bool
    is_excused: bool
    is_withheld: bool
    may_choose: bool
    now: dt.datetime

    @property
    def is_released(self) -> bool:
        """Whether students see the page."""
        releases = (self.assignment.release_at, self.course.release_at)
        return all(is_released(release_at, self.now) for release_at in releases)

    @property
    def seconds_to_deadline(self) -> int:
        """How long the person's deadline is ahead; negative once it has passed."""
        left = self.hand_in_status.deadline.due_at - self.now
        return math.floor(left.total_seconds())

    @property
    def replaced(self) -> ShownResults | None:
        """What the student may see of the attempt that a new attempt would replace.

        None where a new attempt can only help, and where nothing is marked yet. Where
        students choose, a new attempt counts as long as they have chosen none.
        """
        has_chosen = any(each.is_chosen for each in self.attempts)
        if self.assignment.counting == Counting.BEST or has_chosen:
            return None
        found = (each.results for each in self.attempts if each.counts)
        results = next(found, None)
        return results if results and (results.earned or results.hidden) else None

    @property
    def replaced_points(self) -> Decimal:
        """What `replaced` earned as far as it is shown, after its late penalty."""
        found = (each.points for each in self.attempts if each.counts and each.points)
        return next((points.final for points in found), Decimal(0))

    @property
    def old_weights_words(self) -> str:
        """What happens to the weights of old attempts, empty if they are kept."""
        days = self.course.weights_days
        return "" if days is None else weights_words(days)

    @property
    def memory_bytes(self) -> int:
        return self.revision.memory_mb * _MEGABYTE if self.revision else 0

    @property
    def disk_bytes(self) -> int:
        return self.revision.disk_mb * _MEGABYTE if self.revision else 0

    @property
    def gpu_memory_bytes(self) -> int:
        """A run's share of GPU memory in bytes, or 0 if it uses no GPU."""
        if self.revision is None or self.revision.queue != "gpu":
            return 0
        return self.revision.gpu_memory_mb * _MEGABYTE

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that are set before the notebook uses them, as Python code."""
        found = self.revision.parameters if self.revision else {}
        return tuple(f"{name} = {value!r}" for name, value in found.items())

    @property
    def packages(self) -> tuple[tuple[str, str], ...]:
        """Every package that is installed in the environment, by name."""
        found = self.environment.packages if self.environment else {}
        return tuple(sorted(found.items(), key=lambda item: item[0].lower()))

    @property
    def hides_points(self) -> bool:
        """Whether some checks are not shown at once."""
        return any(
            row.visibility != Visibility.ALWAYS
            for question in self.questions
            for row in question.checks
        )


def assignment_page(
    *,
    user: User,
    assignment: Assignment,
    now: dt.datetime,
    last_try: LastTry | None = None,
) -> AssignmentPage:
    """Return the page as this person sees it now."""
    rights = rights_in(user, assignment.course)
    revision = assignment.revision
    times = own_times(assignment, user)
    own, as_student = times.deadline, times.view(assignment, user.pk, now=now)
    attempts = own_attempts(user=user, assignment=assignment, moments=as_student)
    used = [each.submission for each in attempts if each.submission.uses_attempt]
    hand_in_status = hand_in_status_of(
        own,
        extra_time=times.extra_time,
        assignment=assignment,
        used=len(used),
        last_at=max((each.begins_wait_at for each in used), default=None),
        budgets=budgets_of(assignment, user) if Right.SUBMIT in rights else (),
        may_submit=Right.SUBMIT in rights,
        now=now,
    )
    is_staff_view = Right.VIEW_ALL_WORK in rights
    moments = replace(as_student, sees_all=is_staff_view)
    # What is asked is no part of a mark that is withheld.
    questions = _questions(revision, replace(moments, standing=""))
    by_questions = sum((row.points for row in questions), Decimal(0))
    possible = assignment.marks_out_of or by_questions
    environment = _environment(revision)
    form = shown_form(user, assignment, hand_in_status, last_try or LastTry(), now)
    return AssignmentPage(
        assignment=assignment,
        course=assignment.course,
        revision=revision,
        questions=questions,
        possible=possible,
        handouts=_handouts(revision),
        environment=environment,
        versions=(
            _main_versions(environment) if environment else _last_versions(revision)
        ),
        hand_in_status=hand_in_status,
        late=late_work_of(
            own,
            assignment=assignment,
            possible=possible,
            user=user,
            now=now,
        ),
        form=form,
        # If the page has a form, the form shows the problems itself.
        refusals=last_try.problems if last_try and form is None else (),
        attempts=attempts,
        self_checks=own_self_checks(user=user, assignment=assignment, now=now)
        if Right.SUBMIT in rights
        else None,
        is_staff_view=is_staff_view,
        marks_are_final=moments.is_released,
        marks_are_out=moments.released_at is not None and moments.released_at <= now,
        is_excused=not is_staff_view and moments.shows_excused,
        is_withheld=moments.withholds,
        may_choose=may_choose_attempt(user, assignment, own, now),
        now=now,
    )


def _questions(
    revision: AssignmentRevision | None, moments: ViewTimes
) -> tuple[QuestionRow, ...]:
    if revision is None:
        return ()
    return tuple(
        QuestionRow(
            title=rules.title,
            description=rules.description,
            kind=rules.kind,
            points=rules.points,
            checks=tuple(_check_row(check, moments) for check in rules.checks),
        )
        for rules in map(rules_of, revision.questions.all())
    )


def _check_row(check: Check, moments: ViewTimes) -> CheckRow:
    words = check.description or check.name
    return CheckRow(
        words=words if moments.shows(check.visibility) else "",
        points=check.points,
        visibility=check.visibility,
        shown=_SHOWN[check.visibility],
    )


def _handouts(revision: AssignmentRevision | None) -> tuple[RevisionFile, ...]:
    """Return what students may download: the hand-out first, then its data."""
    if revision is None:
        return ()
    parts = [Part.HANDOUT, Part.PUBLIC]
    return tuple(revision.files.filter(part__in=parts).order_by("part", "name"))


def _environment(revision: AssignmentRevision | None) -> RunnerEnvironment | None:
    if revision is None:
        return None
    return RunnerEnvironment.objects.filter(name=revision.environment).first()


def _main_versions(environment: RunnerEnvironment) -> tuple[tuple[str, str], ...]:
    packages = environment.packages
    main = ((name, packages[name]) for name in _MAIN if name in packages)
    return (("Python", environment.python), *main)


def _last_versions(revision: AssignmentRevision | None) -> tuple[tuple[str, str], ...]:
    """Return package versions from the revision's last finished run."""
    if revision is None:
        return ()
    measures = (
        GradingRun.objects.filter(revision=revision, state=State.FINISHED)
        .exclude(measures={})
        .order_by("-finished_at")
        .values_list("measures", flat=True)
        .first()
    )
    versions = measures.get("versions", {}) if measures else {}
    return tuple(sorted((str(name), str(value)) for name, value in versions.items()))
