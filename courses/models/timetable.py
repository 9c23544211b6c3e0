"""The timetable: rooms, standing hours, lectures and sessions."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from courses.models.course import Course, Week
from courses.models.people import Teacher
from courses.models.texts import markdown_field
from courses.querysets import LectureQuerySet, OwnedQuerySet, SessionQuerySet
from courses.slugs import free_slug
from formats.choices import Examinable, SessionKind, Weekday


class Room(models.Model):
    """A room of the college. Its other spellings lead to the same row."""

    name = models.CharField(max_length=100, unique=True)
    aliases = models.JSONField(
        default=list,
        blank=True,
        help_text='Other spellings, such as ["308", "HXL 308"].',
    )
    url = models.URLField(
        blank=True, max_length=500, help_text="A link to a map or to directions."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        aliases = self.aliases
        if not isinstance(aliases, list) or not all(
            isinstance(alias, str) and alias.strip() for alias in aliases
        ):
            raise ValidationError(
                {"aliases": 'Write a list of texts, such as ["308", "HXL 308"].'}
            )
        taken = {alias.casefold() for alias in [self.name, *aliases]}
        for other in Room.objects.exclude(pk=self.pk):
            if taken & {alias.casefold() for alias in [other.name, *other.aliases]}:
                raise ValidationError(
                    f"One of these names already belongs to {other}. Use another name."
                )


class Slot(models.Model):
    """A standing hour of the course, in local time: most weeks have a session then."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="slots")
    weekday = models.PositiveSmallIntegerField(
        choices=[(day.value, day.label) for day in Weekday]
    )
    starts = models.TimeField()
    ends = models.TimeField()
    kind = models.CharField(
        max_length=12, choices=SessionKind.choices, default=SessionKind.LECTURE.value
    )
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="slots"
    )
    online_label = models.CharField(max_length=60, blank=True)
    online_url = models.URLField(blank=True, max_length=500)

    objects = OwnedQuerySet["Slot"].as_manager()

    class Meta:
        ordering = ["weekday", "starts"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "weekday", "starts"],
                name="slot_time_unique_in_course",
            ),
            models.CheckConstraint(
                condition=models.Q(ends__gt=models.F("starts")),
                name="slot_ends_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=SessionKind.values),
                name="slot_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M} to {self.ends:%H:%M}"


class Lecture(models.Model):
    """A topic. One session may treat several, and one lecture may span two sessions.

    `number` is the course's own (01 to 17): neither a code of notes nor a week can be
    derived from it.
    """

    course = models.ForeignKey(Course, models.CASCADE, related_name="lectures")
    number = models.CharField(
        max_length=6, help_text="The number as it is written, such as 02."
    )
    title = models.CharField(max_length=200)
    examinable = models.CharField(
        max_length=5,
        choices=Examinable.choices,
        blank=True,
        default=Examinable.UNKNOWN.value,
    )

    objects = LectureQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "number"], name="lecture_number_unique_in_course"
            ),
            models.CheckConstraint(
                condition=models.Q(examinable__in=["", "all", "parts", "no"]),
                name="lecture_examinable_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class Session(models.Model):
    """A time at which people meet, in a room, online, or both.

    A session without a time only belongs to its week. A cancelled session stays on
    pages, struck out. `moved_from` is its first planned time.
    """

    course = models.ForeignKey(Course, models.CASCADE, related_name="sessions")
    week = models.ForeignKey(Week, models.CASCADE, related_name="sessions")
    key = models.SlugField(
        max_length=60,
        blank=True,
        help_text=(
            "Its name in addresses, such as w3-lecture. It should not change later. "
            "If it is empty, it is made from the week."
        ),
    )
    kind = models.CharField(
        max_length=12, choices=SessionKind.choices, default=SessionKind.LECTURE.value
    )
    title = models.CharField(
        max_length=200,
        blank=True,
        help_text="If it is empty, the name of the kind is shown.",
    )
    starts_at = models.DateTimeField(
        null=True, blank=True, help_text="Leave it empty while no time is known."
    )
    ends_at = models.DateTimeField(null=True, blank=True)
    room = models.ForeignKey(
        Room,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="sessions",
        help_text="Leave it empty if the session is online only.",
    )
    online_label = models.CharField(
        max_length=60,
        blank=True,
        help_text="Where the session is online, such as MS Teams.",
    )
    online_url = models.URLField(
        blank=True, max_length=500, help_text="The link to join the session online."
    )
    queue_label = models.CharField(
        max_length=60,
        blank=True,
        help_text="The name of a queue for help, such as Lab queue.",
    )
    queue_url = models.URLField(blank=True, max_length=500)
    teachers = models.ManyToManyField(Teacher, blank=True, related_name="sessions")
    by_team = models.BooleanField(
        "by the team",
        default=False,
        help_text="Teaching assistants teach it too. Their names are not shown.",
    )
    lectures = models.ManyToManyField(
        Lecture, through="SessionLecture", related_name="sessions"
    )
    note = markdown_field(blank=True, help_text="Markdown, shown to students.")
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    cancel_reason = models.CharField(max_length=200, blank=True, editable=False)
    moved_from = models.DateTimeField(null=True, blank=True, editable=False)
    position = models.PositiveSmallIntegerField(default=0)
    release_at = models.DateTimeField(
        null=True,
        blank=True,
        default=timezone.now,
        help_text="Students see it from this time on. While it is empty, it is hidden.",
    )

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["week__number", "position", "starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "key"], name="session_key_unique_in_course"
            ),
            models.CheckConstraint(
                condition=models.Q(starts_at__isnull=True, ends_at__isnull=True)
                | models.Q(starts_at__isnull=False, ends_at__gt=models.F("starts_at")),
                name="session_ends_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=SessionKind.values),
                name="session_kind_known",
            ),
        ]
        # For the query that finds the next session of all of a person's courses.
        indexes = [models.Index(fields=["course", "starts_at"])]

    def __str__(self) -> str:
        return f"Week {self.week.number}: {self.name}"

    @property
    def name(self) -> str:
        """The session's name on pages."""
        return self.title or str(self.get_kind_display())

    @property
    def is_cancelled(self) -> bool:
        """Whether the session is cancelled."""
        return self.cancelled_at is not None

    @property
    def is_online_only(self) -> bool:
        """Whether the session is online and has no room."""
        return self.room_id is None and bool(self.online_label or self.online_url)

    def clean(self) -> None:
        if not self.key and self.course_id and self.week_id:
            others = Session.objects.filter(course=self.course_id).exclude(pk=self.pk)
            self.key = free_slug(f"w{self.week.number}-{self.kind}", others)
        if self.week_id and self.week.course_id != self.course_id:
            raise ValidationError({"week": "This week belongs to another course."})
        if (self.starts_at is None) != (self.ends_at is None):
            raise ValidationError("Give both a start and an end, or neither.")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": "The end must be after the start."})


class SessionLecture(models.Model):
    """A lecture that a session treats, with its place in the session."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="lecture_places")
    lecture = models.ForeignKey(Lecture, models.CASCADE, related_name="session_places")
    part = models.CharField(
        max_length=60, blank=True, help_text="Which part of the lecture, such as start."
    )
    watch_before = models.BooleanField(
        default=False, help_text="Students should watch it before the session begins."
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "lecture__number"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "lecture"], name="session_lecture_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session}: {self.lecture}"

    def clean(self) -> None:
        if (
            self.session_id
            and self.lecture_id
            and self.lecture.course_id != self.session.course_id
        ):
            raise ValidationError(
                {"lecture": "This lecture belongs to another course."}
            )
