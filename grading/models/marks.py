"""The mark of a student for an assignment, and every change of it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django_stubs_ext.db.models.manager import RelatedManager

from courses.models import Assignment
from grading.hand_points import NO_HAND_POINTS, HandPoints
from grading.mark_points import Cap, LateTerms, MarkPoints, mark_points
from grading.models.runs import GradingRun
from grading.querysets import MarkQuerySet

_ZERO: Final = Decimal(0)
LONGEST_CAP_WORDS: Final = 300


def possible_of(run: GradingRun) -> Decimal:
    """Return all points of the run's revision. No query for a run `with_lateness`."""
    found: Decimal | None = getattr(run, "possible", None)
    if found is None:
        return sum((each.points for each in run.revision.questions.all()), _ZERO)
    return found


@dataclass(frozen=True, kw_only=True)
class CountingWork:
    """The run of the attempt that counts, what people gave, and its terms if it is late.

    `run` is None for a student whose work was marked without a submission, or whose mark
    is entered. Only then, `possible` are the points that could be earned. `is_entered`
    says whether people enter the marks, also where none is entered for the student.
    """

    run: GradingRun | None
    late: LateTerms | None = None
    hand: HandPoints = NO_HAND_POINTS
    possible: Decimal = _ZERO
    is_entered: bool = False

    @property
    def automatic(self) -> Decimal:
        """The points that checks gave."""
        return (self.run.automatic_points if self.run else None) or _ZERO

    @property
    def is_marked(self) -> bool:
        """Whether a run counts, or people marked or entered something without one."""
        return self.run is not None or self.hand.possible > 0

    @property
    def total(self) -> Decimal:
        """The points that could be earned, by the revision that the work is marked by."""
        return possible_of(self.run) if self.run else self.possible


NO_WORK: Final = CountingWork(run=None)


class Standing(models.TextChoices):
    """What staff have decided for a student: see `Mark.decision`."""

    ZERO = "zero", "Nothing handed in: 0 points"
    ABSENT = "absent", "Absent: 0 points"
    EXCUSED = "excused", "Excused"
    WITHHELD = "withheld", "Withheld"


_WITHOUT_WORK: Final = (Standing.ZERO, Standing.ABSENT)


class Mark(models.Model):
    """A student's mark for an assignment, and its history.

    Which run counts, what people gave for its attempt, and so the points of the mark
    depend on the runs, the markings and the assignment's settings at the time of
    asking. They are computed and never stored.

    A student who is excused has no points, whatever they hand in and whoever marks it,
    until the decision is taken back. A withheld mark has its points, and the student is
    told none of them.
    """

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="marks")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="marks"
    )
    standing = models.CharField(
        max_length=8,
        choices=Standing,
        blank=True,
        help_text="What staff have decided: 0 points for a student who handed in "
        "nothing or was absent; excused, with which no work counts; or withheld, with "
        "which the student is not told the mark.",
    )
    adjustment = models.DecimalField(max_digits=7, decimal_places=2, default=Decimal(0))
    entered_points = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="What a person entered, for coursework whose marks are entered. If "
        "it is empty, there is no mark yet.",
    )
    cap_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="The most that the student can have, in % of the possible points.",
    )
    cap_words = models.CharField(
        max_length=LONGEST_CAP_WORDS,
        blank=True,
        default="",
        db_default="",
        help_text="Why, as the student reads it with the release of the marks.",
    )
    updated_at = models.DateTimeField(default=timezone.now)

    changes: "RelatedManager[MarkChange]"
    _attached: CountingWork | None = None
    objects = MarkQuerySet.as_manager()

    class Meta:
        ordering = ["assignment", "student"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "student"],
                name="mark_one_per_student_and_assignment",
            ),
            models.CheckConstraint(
                condition=Q(standing__in=["", *Standing.values]),
                name="mark_standing_known",
            ),
            models.CheckConstraint(
                condition=Q(entered_points__isnull=True) | Q(entered_points__gte=0),
                name="mark_entered_points_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(cap_percent__isnull=True)
                | Q(cap_percent__gte=0, cap_percent__lte=100),
                name="mark_cap_is_percent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} · {self.assignment}"

    @property
    def is_excused(self) -> bool:
        """Whether the student is excused, so that nothing counts."""
        return self.standing == Standing.EXCUSED

    @property
    def is_withheld(self) -> bool:
        """Whether the student is not told the mark, also after the release."""
        return self.standing == Standing.WITHHELD

    @property
    def decision(self) -> Standing | None:
        """What staff have decided and holds now: see `standing_now`."""
        # What counts is not asked for where it does not decide.
        return standing_now(
            self.standing,
            has_work=self.standing in _WITHOUT_WORK and self.has_work,
        )

    @property
    def has_work(self) -> bool:
        """Whether an attempt would count, or people have marked work without one."""
        return self.counting().is_marked

    @property
    def is_empty(self) -> bool:
        """Whether the student has no mark any more, but its history alone."""
        return self._is_empty_with(self.counting())

    def _is_empty_with(self, work: CountingWork) -> bool:
        # An adjustment alone is no mark where people enter the marks.
        adjustment = _ZERO if work.is_entered else self.adjustment
        return not (self.standing or adjustment or work.is_marked)

    @property
    def run(self) -> GradingRun | None:
        """The run of the attempt that counts now.

        It is asked for each time, unless `grading.services.marks.load_counting_runs` has
        attached it.
        """
        return self.counting().run

    def set_counting(self, work: CountingWork) -> None:
        """Set the work that counts, loaded together with that of other marks."""
        self._attached = work

    def counting(self) -> CountingWork:
        """Return the work that counts. It has no run if the student has none."""
        if self._attached is not None:
            return self._attached
        from grading.services.counting import (  # noqa: PLC0415  services import models
            counting_works,
        )

        owner = (self.assignment_id, self.student_id)
        return counting_works([owner]).get(owner, NO_WORK)

    @property
    def run_id(self) -> UUID | None:
        """The id of the run that counts."""
        run = self.run
        return run.pk if run else None

    @property
    def points(self) -> MarkPoints:
        """The points and all parts of the mark, as they are now."""
        return self._points_of(self.counting())

    def _points_of(self, work: CountingWork) -> MarkPoints:
        return self.points_with(
            work.automatic, work.hand.given, work.late, possible=work.total
        )

    @property
    def cap(self) -> Cap | None:
        """The most that the student can have, if staff have set a cap."""
        return Cap.of(self.cap_percent, self.cap_words)

    @property
    def late(self) -> LateTerms | None:
        """The terms of the attempt that counts, or None if that is on time."""
        return self.counting().late

    @property
    def automatic_points(self) -> Decimal:
        """The points that the run that counts earned."""
        return self.points.automatic

    @property
    def manual_points(self) -> Decimal:
        """The points that people gave for the attempt that counts."""
        return self.points.manual

    @property
    def late_penalty(self) -> Decimal:
        """The points that are taken because the attempt that counts is late."""
        return self.points.late_penalty

    @property
    def final_points(self) -> Decimal | None:
        """The sum of all parts of the mark, or None if the student is excused.

        None also while no mark is entered, where people enter them.
        """
        if self.is_excused:
            return None
        work = self.counting()
        if work.is_entered and self._is_empty_with(work):
            return None
        return self._points_of(work).final

    @property
    def known_points(self) -> Decimal | None:
        """The final points, or None also if the student has no mark any more."""
        return None if self.is_empty else self.final_points

    def points_with(
        self,
        automatic: Decimal,
        manual: Decimal,
        late: LateTerms | None,
        *,
        possible: Decimal | None,
    ) -> MarkPoints:
        """Return the points of the mark with these points and late terms.

        They are out of `possible`; None leaves the cap out.
        """
        return mark_points(
            automatic=automatic,
            manual=manual,
            adjustment=self.adjustment,
            late=late,
            cap=None if possible is None else self.cap,
            possible=possible or _ZERO,
        )


def standing_now(stored: str, *, has_work: bool) -> Standing | None:
    """Return what staff have decided and holds now.

    Excused and withheld hold whatever there is. 0 points, for nothing or for an absent
    student, hold as long as nothing counts.
    """
    if not stored or (has_work and stored in _WITHOUT_WORK):
        return None
    return Standing(stored)


class MarkChange(models.Model):
    """A mark before and after, who changed it, and why. Append-only."""

    mark = models.ForeignKey(Mark, models.PROTECT, related_name="changes")
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty if the portal itself did it.",
    )
    run = models.ForeignKey(
        GradingRun, models.PROTECT, null=True, blank=True, related_name="+"
    )
    before = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    after = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Empty if the student is excused, or has no mark.",
    )
    reason = models.TextField()

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        after = "no points" if self.after is None else self.after
        return f"{self.before} → {after}: {self.reason}"
