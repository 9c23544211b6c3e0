"""Assignments: pieces of coursework."""

import datetime as dt
from decimal import Decimal
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import (
    MaxLengthValidator,
    MaxValueValidator,
    MinValueValidator,
)
from django.db import models
from django.urls import reverse
from django.utils import timezone

from courses.frozen_marks import FrozenWithMarks
from courses.late_rules import LateRule
from courses.models.assessment import Component
from courses.models.course import Course, Week
from courses.models.late_rule_fields import LateRuleFields, late_rule_constraints
from courses.models.marking_fields import MarkingFields
from courses.models.texts import markdown_field, validate_questions
from courses.querysets import AssignmentQuerySet
from formats.choices import Counting, LateMode
from formats.declaration import (
    DEFAULT_STATEMENT,
    LONGEST_QUESTIONS,
    LONGEST_STATEMENT,
    DeclarationQuestion,
    parse_questions,
)

LEAST_OUT_OF: Final = 1


class Assignment(FrozenWithMarks, LateRuleFields, MarkingFields):
    """A piece of coursework with a deadline.

    Its revision says what is run and how it is marked.
    """

    frozen_fields = (
        "component",
        "weight_percent",
        "is_extra_credit",
        "marks_out_of",
    )

    course = models.ForeignKey(Course, models.CASCADE, related_name="assignments")
    week = models.ForeignKey(
        Week, models.SET_NULL, null=True, blank=True, related_name="assignments"
    )
    slug = models.SlugField(max_length=60)
    title = models.CharField(max_length=200)
    summary = markdown_field(blank=True, help_text="The brief, as Markdown.")
    release_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When it is handed out. While this is empty, students do not see it.",
    )
    due_at = models.DateTimeField(help_text="The deadline that students see.")
    grace_minutes = models.PositiveSmallIntegerField(
        default=0,
        help_text=(
            "Work is still on time for this many minutes after the deadline. "
            "Students are not told."
        ),
    )
    closes_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=(
            "Late work is accepted until this time. If it is empty, nobody can hand "
            "in after the deadline."
        ),
    )
    late_mode = models.CharField(
        max_length=10,
        choices=LateMode.choices,
        blank=True,
        help_text="What late work loses. If it is empty, the course's rule applies.",
    )
    pass_mark = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=(
            "The share of the possible points that passes, in %. If it is empty, the "
            "course's pass mark applies."
        ),
    )
    upload_minutes = models.PositiveSmallIntegerField(
        default=30,
        validators=[MaxValueValidator(24 * 60)],
        help_text=(
            "An attempt that is uploaded in pieces counts from its opening if all its "
            "files arrive within this many minutes. Students are told. A change holds "
            "for attempts that are opened after it."
        ),
    )
    max_attempts = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text=("If it is empty, students may hand in as often as they like."),
    )
    cooldown_minutes = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        validators=[MaxValueValidator(7 * 24 * 60)],
        help_text=(
            "After an attempt was received, students wait this many minutes before "
            "they can hand in the next one. Students are told."
        ),
    )
    cpu_budget_seconds = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=(
            "CPU seconds that the notebooks of one student may use in all. If it is "
            "empty, there is no limit."
        ),
    )
    gpu_budget_seconds = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=(
            "Seconds for which the notebooks of one student may hold a GPU in all. If "
            "it is empty, there is no limit."
        ),
    )
    self_check_limit = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        validators=[MaxValueValidator(100)],
        help_text=(
            "How many checks of their work a student can have without waiting. 0 turns "
            "checking off."
        ),
    )
    self_check_minutes = models.PositiveSmallIntegerField(
        default=30,
        db_default=30,
        validators=[MinValueValidator(1), MaxValueValidator(7 * 24 * 60)],
        help_text=(
            "After so many minutes a student has one more check of their work, up to "
            "the limit."
        ),
    )
    counting = models.CharField(
        max_length=8, choices=Counting.choices, default=Counting.LATEST.value
    )
    declaration = models.TextField(
        blank=True,
        default="",
        db_default="",
        validators=[MaxLengthValidator(LONGEST_STATEMENT)],
        help_text=(
            "What students confirm when they hand in. If it is empty, they confirm "
            "that it is their own, unaided work."
        ),
    )
    declaration_questions = models.TextField(
        blank=True,
        default="",
        db_default="",
        validators=[MaxLengthValidator(LONGEST_QUESTIONS), validate_questions],
        help_text=(
            "Questions that students answer when they hand in, one on each line. End "
            "a line with [number] to ask for a number, and with [required] if nobody "
            "can hand in without an answer."
        ),
    )
    component = models.ForeignKey(
        Component,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="assignments",
        help_text="The part of the course mark that it belongs to.",
    )
    weight_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Share of the course mark, in %.",
    )
    is_extra_credit = models.BooleanField(
        default=False,
        db_default=False,
        help_text=(
            "It adds to its component, and nobody loses by not having it. Its share is "
            "not one of those that split the component."
        ),
    )
    marks_released_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Marks are provisional until this time.",
    )
    marks_out_of = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(LEAST_OUT_OF)],
        help_text=(
            "The points that can be had, if people enter the marks and nothing is "
            "handed in here, as for an exam. If it is empty, students hand in work."
        ),
    )
    revision = models.ForeignKey(
        "courses.AssignmentRevision",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The published revision, with which new work is marked.",
    )

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "title"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "slug"], name="assignment_slug_unique_in_course"
            ),
            models.CheckConstraint(
                condition=models.Q(closes_at__isnull=True)
                | models.Q(closes_at__gte=models.F("due_at")),
                name="assignment_closes_after_due",
            ),
            models.CheckConstraint(
                condition=models.Q(weight_percent__gte=0, weight_percent__lte=100),
                name="assignment_weight_is_percent",
            ),
            models.CheckConstraint(
                condition=models.Q(counting__in=Counting.values),
                name="assignment_counting_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(cpu_budget_seconds=0)
                & ~models.Q(gpu_budget_seconds=0),
                name="assignment_budget_is_not_zero",
            ),
            models.CheckConstraint(
                condition=models.Q(self_check_minutes__gte=1),
                name="assignment_self_check_minutes_positive",
            ),
            models.CheckConstraint(
                condition=models.Q(late_mode__in=["", *LateMode.values]),
                name="assignment_late_mode_known",
            ),
            models.CheckConstraint(
                condition=models.Q(agreed_above__gte=0),
                name="assignment_agreed_above_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(marks_out_of__isnull=True)
                | models.Q(marks_out_of__gte=LEAST_OUT_OF, revision__isnull=True),
                name="assignment_entered_marks_have_no_revision",
            ),
            *late_rule_constraints("assignment"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("grading:assignment", args=[self.course.slug, self.slug])

    def clean(self) -> None:
        # A form with an invalid deadline leaves this unset.
        due_at: dt.datetime | None = self.due_at
        if self.closes_at and due_at and self.closes_at < due_at:
            raise ValidationError(
                {
                    "closes_at": (
                        "The time until which late work is accepted must not be before "
                        "the deadline."
                    )
                }
            )
        self._check_release()
        if self.component is not None and self.component.course_id != self.course_id:
            raise ValidationError({"component": "This belongs to another course."})
        if self.revision is not None and self.revision.assignment_id != self.pk:
            raise ValidationError(
                {"revision": "This revision belongs to another assignment."}
            )
        self.check_entered_marks()
        self.check_late_rule()

    def check_entered_marks(self) -> None:
        """Raise ValidationError if `marks_out_of` does not fit what is stored."""
        if self._state.adding:
            return
        if self.marks_out_of is not None and self.revisions.exists():
            raise ValidationError(
                {
                    "marks_out_of": (
                        "It has a notebook, whose questions say its points. Leave this "
                        "empty, or create new coursework whose marks are entered."
                    )
                }
            )
        most = self.marks.aggregate(most=models.Max("entered_points"))["most"]
        if most is not None and most > (self.marks_out_of or 0):
            raise ValidationError(
                {
                    "marks_out_of": (
                        f"Marks of up to {most.normalize():f} points are entered. Give "
                        "at least so many, or change these marks first."
                    )
                }
            )

    @property
    def is_frozen_when_new(self) -> bool:  # type: ignore[override]  # here it depends
        """Whether totals follow from the assignment, so that a freeze refuses it."""
        return bool(self.component_id or self.weight_percent)

    @property
    def has_entered_marks(self) -> bool:
        """Whether people enter the marks, and nothing is handed in here."""
        return self.marks_out_of is not None

    def _check_release(self) -> None:
        """Raise ValidationError if it takes a release back, which asks for a reason."""
        now = timezone.now()
        stored = Assignment.objects.filter(pk=self.pk, marks_released_at__lte=now)
        is_out = self.marks_released_at is not None and self.marks_released_at <= now
        if self.pk and not is_out and stored.exists():
            words = (
                "The marks are released. Take that back on the page Release marks, "
                "which asks for a reason."
            )
            raise ValidationError({"marks_released_at": words})

    @property
    def late_rule(self) -> LateRule:
        """The rule for late work: its own, or else the course's."""
        return self.own_late_rule if self.late_mode else self.course.own_late_rule

    @property
    def statement(self) -> str:
        """What students confirm when they hand in."""
        return self.declaration.strip() or DEFAULT_STATEMENT

    @property
    def asked(self) -> tuple[DeclarationQuestion, ...]:
        """The questions that students answer when they hand in."""
        return parse_questions(self.declaration_questions)

    @property
    def pass_percent(self) -> Decimal:
        """The share of the possible points that passes, in %: its own or the course's."""
        return self.course.pass_mark if self.pass_mark is None else self.pass_mark

    @property
    def runs_notebooks(self) -> bool:
        """Whether work is run: false if its published revision has no notebook."""
        return self.revision is None or not self.revision.is_files_only

    @property
    def marks_are_released(self) -> bool:
        """Whether marks are final for all students."""
        return (
            self.marks_released_at is not None
            and self.marks_released_at <= timezone.now()
        )

    @property
    def marks_are_out(self) -> bool:
        """Whether marks are final for some students: for all, or for those of a group."""
        if self.marks_are_released:
            return True
        return self.group_releases.filter(released_at__lte=timezone.now()).exists()
