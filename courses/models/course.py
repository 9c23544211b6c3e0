"""Courses, their enrolments and their weeks."""

import datetime as dt
import zoneinfo
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import (
    MaxValueValidator,
    MinValueValidator,
    RegexValidator,
)
from django.db import models
from django.urls import reverse
from django.utils import timezone

from courses.frozen_marks import FrozenWithMarks
from courses.models.late_rule_fields import LateRuleFields, late_rule_constraints
from courses.models.texts import (
    markdown_field,
    texts_of,
    validate_letter_scale,
    validate_texts,
)
from courses.querysets import CourseQuerySet, EnrolmentQuerySet, WeekQuerySet
from formats.choices import LateMode, Role
from formats.letter_scale import LONGEST_SCALE


def validate_timezone(name: str) -> None:
    """Raise ValidationError unless the time zone database has this name."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            "“%(name)s” is not a time zone. Use a name such as Europe/London.",
            params={"name": name},
        )


def validate_course_slug(slug: str) -> None:
    """Raise ValidationError for a slug at which the portal has a page of its own."""
    if slug == "new":
        raise ValidationError(
            "The portal itself uses the address “new”. Choose another one."
        )


class Course(FrozenWithMarks, LateRuleFields):
    """A module in one academic year. The next year's course is another row."""

    frozen_fields = ("pass_mark", "letter_scale", "total_decimals")
    frozen_course = "pk"

    slug = models.SlugField(
        max_length=60,
        unique=True,
        validators=[validate_course_slug],
        help_text="The course's name in addresses, such as 70010-2024-25.",
    )
    title = models.CharField(max_length=200)
    module_codes = models.JSONField(
        default=list,
        validators=[validate_texts],
        help_text='One or more codes, such as ["70010", "97111"].',
    )
    academic_year = models.CharField(
        max_length=7,
        validators=[RegexValidator(r"^\d{4}-\d{2}$", "Write the year as 2024-25.")],
    )
    time_zone = models.CharField(
        max_length=64, default="Europe/London", validators=[validate_timezone]
    )
    summary = markdown_field(blank=True, help_text="Markdown, shown to students.")
    release_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=(
            "Students see the course from this time on. While it is empty, the "
            "course is hidden."
        ),
    )

    late_mode = models.CharField(
        max_length=10,
        choices=LateMode.choices,
        default=LateMode.NONE.value,
        help_text="What late work loses, where coursework has no rule of its own.",
    )
    late_days = models.PositiveSmallIntegerField(
        default=0,
        help_text=(
            "The late days of each student in the whole course. A late day covers 24 "
            "hours of lateness, where the rule of the coursework allows it."
        ),
    )
    pass_mark = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal(40),
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="The share of the possible points that passes, in %.",
    )
    letter_scale = models.CharField(
        max_length=LONGEST_SCALE,
        blank=True,
        default="",
        db_default="",
        validators=[validate_letter_scale],
        help_text=(
            "Letters with the least percentage of each, the best first, such as "
            "A* 80, A 70, B 60, C 50, D 40, F 0. If it is empty, there are no letters."
        ),
    )
    total_decimals = models.PositiveSmallIntegerField(
        default=1,
        db_default=1,
        validators=[MaxValueValidator(2)],
        help_text=(
            "With how many decimals the total of the course is shown: 0, 1 or 2. It is "
            "rounded half up, once, at the end."
        ),
    )
    examiners_see_codes = models.BooleanField(
        default=False,
        db_default=False,
        help_text=(
            "Whether external examiners see codes in place of names, and no page on "
            "which a student's name stands."
        ),
    )
    quota_mb = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=(
            "How many MB the files of each student may take in this course. If it is "
            "empty, the portal's own limit applies."
        ),
    )
    weights_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=(
            "The weights of attempts that do not count are removed so many days after "
            "they were handed in. If it is empty, none are removed."
        ),
    )

    objects = CourseQuerySet.as_manager()

    class Meta:
        ordering = ["-academic_year", "title"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(late_mode__in=LateMode.values),
                name="course_late_mode_known",
            ),
            *late_rule_constraints("course"),
            models.CheckConstraint(
                condition=models.Q(total_decimals__lte=2),
                name="course_total_decimals_at_most_2",
            ),
            models.CheckConstraint(
                condition=~models.Q(quota_mb=0), name="course_quota_is_not_zero"
            ),
            models.CheckConstraint(
                condition=~models.Q(weights_days=0),
                name="course_weights_days_are_not_zero",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.codes} {self.title} {self.academic_year}".strip()

    def get_absolute_url(self) -> str:
        return reverse("courses:course", args=[self.slug])

    def clean(self) -> None:
        self.check_late_rule()

    @property
    def quota_bytes(self) -> int:
        """How many bytes the files of each student may take: its own limit or ours."""
        if self.quota_mb is None:
            return int(settings.STUDENT_QUOTA_BYTES)
        return self.quota_mb * 1024**2

    @property
    def codes(self) -> str:
        """The module codes as people write them: 70010/97111."""
        return "/".join(texts_of(self.module_codes))

    @property
    def tz(self) -> zoneinfo.ZoneInfo:
        """The zone in which this course's times are shown."""
        return zoneinfo.ZoneInfo(self.time_zone)


class Enrolment(FrozenWithMarks):
    """A person's role in a course."""

    # Parts of the total may count only for students of one module code.
    frozen_fields = ("module_code",)

    course = models.ForeignKey(Course, models.CASCADE, related_name="enrolments")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="enrolments"
    )
    role = models.CharField(
        max_length=12, choices=Role.choices, default=Role.STUDENT.value
    )
    is_active = models.BooleanField(
        default=True, help_text="Switch this off for somebody who has left the course."
    )
    module_code = models.CharField(
        max_length=20,
        blank=True,
        help_text="If the course has several codes: the code of this person.",
    )
    enrolled_at = models.DateTimeField(default=timezone.now, editable=False)
    invitation_due_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=(
            "When an invitation is sent, or sent again after a failure. Empty if "
            "none is waiting."
        ),
    )
    invited_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the last invitation was sent.",
    )

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        ordering = ["user__last_name", "user__first_name", "user__email"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "user"], name="enrolment_one_per_person_and_course"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="enrolment_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.course.slug}"

    @property
    def never_signed_in(self) -> bool:
        """Whether the person needs an invitation, by the rule of `not_signed_in()`."""
        user = self.user
        is_there = self.is_active and user.is_active
        return is_there and user.last_login is None and not user.has_usable_password()


class Week(models.Model):
    """A teaching week. Its number is the college's: a course may begin in week 2."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="weeks")
    number = models.PositiveSmallIntegerField()
    starts_on = models.DateField(help_text="The Monday of the week.")
    title = models.CharField(max_length=200, blank=True)
    summary = markdown_field(blank=True, help_text="Markdown.")
    release_at = models.DateTimeField(
        null=True,
        blank=True,
        default=timezone.now,
        help_text=(
            "Students see the week from this time on. While it is empty, the week is "
            "hidden."
        ),
    )

    objects = WeekQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "number"], name="week_number_unique_in_course"
            ),
        ]

    def __str__(self) -> str:
        return f"Week {self.number}" + (f": {self.title}" if self.title else "")

    def clean(self) -> None:
        # A form with an invalid date leaves this unset.
        starts_on: dt.date | None = self.starts_on
        if starts_on is not None and starts_on.weekday():
            raise ValidationError(
                {"starts_on": f"This day is a {starts_on:%A}. Give a Monday."}
            )
