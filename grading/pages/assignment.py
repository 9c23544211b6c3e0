"""The coursework page: the brief, required files, the form, and one's own attempts."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from accounts.models import User
from courses.deadlines import deadline_for
from courses.models import (
    Assignment,
    AssignmentRevision,
    Course,
    RequiredFile,
    RevisionFile,
)
from courses.permissions import Right, rights_in
from courses.release_times import is_released
from formats.assignment.assignment_content import Check, Visibility
from formats.choices import Counting, FileKind, Part, QuestionKind
from formats.problems import Problem
from grading.models import GradingRun, RunnerEnvironment
from grading.pages.attempts import Attempt, own_attempts
from grading.pages.hand_in_status import HandInStatus, hand_in_status_of
from grading.pages.late_work import LateWork, late_work_of
from grading.scoring import rules_of
from grading.services.use import budgets_of
from grading.states import State
from grading.visible_results import ShownResults, ViewTimes
from submissions.intake import rules_of as file_rules
from submissions.models import OpenedAttempt

# What the browser's file dialogue offers first. The server checks the content.
_ACCEPT = {
    FileKind.NOTEBOOK: ".ipynb",
    FileKind.SAFETENSORS: ".safetensors",
    FileKind.STATE_DICT: ".pt,.pth",
    FileKind.TORCHSCRIPT: ".pt,.pth",
    FileKind.OTHER: "",
}
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
class FileSlot:
    """The form's input for one required file, with the problems of the last try."""

    field: str
    element_id: str
    file: RequiredFile
    max_bytes: int
    accept: str
    problems: tuple[Problem, ...]

    @property
    def described_by(self) -> str:
        """Ids of the texts that belong to the input, for screen readers."""
        parts = [f"{self.element_id}-limit", f"{self.element_id}-chosen"]
        if self.problems:
            parts.insert(0, f"{self.element_id}-problems")
        return " ".join(parts)


@dataclass(frozen=True, kw_only=True)
class SubmitForm:
    """The form, with the problems of the last try beside their files.

    `opened` is the attempt whose files arrive in pieces, if the person has opened one.
    """

    slots: tuple[FileSlot, ...]
    problems: tuple[Problem, ...]
    problem_count: int
    idempotency_key: str
    is_declared: bool
    max_bytes: int
    opened: OpenedAttempt | None


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
    is_staff_view: bool
    marks_are_final: bool
    now: dt.datetime

    @property
    def is_released(self) -> bool:
        """Whether students see the page."""
        releases = (self.assignment.release_at, self.course.release_at)
        return all(is_released(release_at, self.now) for release_at in releases)

    @property
    def replaced(self) -> ShownResults | None:
        """What the student may see of the attempt that a new attempt would replace.

        None where a new attempt can only help, and where nothing is marked yet.
        """
        if self.assignment.counting != Counting.LATEST:
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


@dataclass(frozen=True, kw_only=True)
class LastTry:
    """What a refused form keeps for the next try."""

    problems: tuple[Problem, ...] = ()
    idempotency_key: str = ""
    is_declared: bool = False


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
    own = deadline_for(assignment, user)
    attempts = own_attempts(
        user=user, assignment=assignment, closes_at=own.closes_at, now=now
    )
    hand_in_status = hand_in_status_of(
        own,
        assignment=assignment,
        used=sum(attempt.submission.uses_attempt for attempt in attempts),
        budgets=budgets_of(assignment, user) if Right.SUBMIT in rights else (),
        may_submit=Right.SUBMIT in rights,
        now=now,
    )
    is_staff_view = Right.VIEW_ALL_WORK in rights
    moments = ViewTimes(
        now=now,
        closes_at=own.closes_at,
        released_at=assignment.marks_released_at,
        sees_all=is_staff_view,
    )
    questions = _questions(revision, moments)
    environment = _environment(revision)
    form = _shown_form(user, assignment, hand_in_status, last_try or LastTry(), now)
    return AssignmentPage(
        assignment=assignment,
        course=assignment.course,
        revision=revision,
        questions=questions,
        possible=sum((row.points for row in questions), Decimal(0)),
        handouts=_handouts(revision),
        environment=environment,
        versions=(
            _main_versions(environment) if environment else _last_versions(revision)
        ),
        hand_in_status=hand_in_status,
        late=late_work_of(
            own,
            assignment=assignment,
            possible=sum((row.points for row in questions), Decimal(0)),
            user=user,
            now=now,
        ),
        form=form,
        # If the page has a form, the form shows the problems itself.
        refusals=last_try.problems if last_try and form is None else (),
        attempts=attempts,
        is_staff_view=is_staff_view,
        marks_are_final=moments.is_released,
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


def field_name(required: RequiredFile) -> str:
    """Return the name of the form field for this required file."""
    return f"file:{required.name}"


def _shown_form(
    user: User,
    assignment: Assignment,
    status: HandInStatus,
    last_try: LastTry,
    now: dt.datetime,
) -> SubmitForm | None:
    """Return the form if the person may hand in, or go on with an opened attempt."""
    revision = assignment.revision
    if revision is None or status.blocked not in {"", "closed"}:
        return None
    mine = OpenedAttempt.objects.by(user).unfinished().filter(assignment=assignment)
    opened = mine.filter(expires_at__gt=now).prefetch_related("uploads").first()
    goes_on = opened is not None and now <= opened.complete_by
    if status.blocked and not goes_on:
        return None
    return _form(revision, last_try, opened)


def _form(
    revision: AssignmentRevision, last_try: LastTry, opened: OpenedAttempt | None
) -> SubmitForm:
    required = list(revision.required_files.all())
    rules = file_rules(revision)
    by_file = _problems_by_file(last_try.problems, set(rules))
    return SubmitForm(
        slots=tuple(
            FileSlot(
                field=field_name(file),
                element_id=f"file-{index}",
                file=file,
                max_bytes=rules[file.name].max_bytes,
                accept=_ACCEPT[FileKind(file.kind)],
                problems=tuple(by_file[file.name]),
            )
            for index, file in enumerate(required, start=1)
        ),
        problems=tuple(by_file[""]),
        problem_count=len(last_try.problems),
        idempotency_key=last_try.idempotency_key or uuid.uuid4().hex,
        is_declared=last_try.is_declared,
        max_bytes=settings.MAX_SUBMISSION_BYTES,
        opened=opened,
    )


def _problems_by_file(
    problems: Iterable[Problem], names: set[str]
) -> defaultdict[str, list[Problem]]:
    """Return the problems by required file; "" has those of no file in the form."""
    found: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        found[problem.file if problem.file in names else ""].append(problem)
    return found
