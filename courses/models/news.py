"""Announcements to the people of a course, and records of what changed in it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from courses.models.course import Course
from courses.models.texts import markdown_field
from courses.querysets import AnnouncementQuerySet, CourseChangeQuerySet


class Announcement(models.Model):
    """A notice to everybody in the course, shown from its release on, mailed once."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="announcements")
    title = models.CharField(max_length=200)
    body = markdown_field(help_text="Markdown.")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False
    )
    release_at = models.DateTimeField(
        null=True,
        blank=True,
        default=timezone.now,
        help_text=(
            "It is shown, and mailed, from this time on. While this is empty, it is "
            "a draft."
        ),
    )
    ends_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=(
            "After this time it is no longer at the top of pages. If this is empty, "
            "after two weeks."
        ),
    )
    is_pinned = models.BooleanField(
        "pinned",
        default=False,
        help_text="It stays above other announcements until it ends.",
    )
    is_mailed = models.BooleanField(
        "by mail too",
        default=False,
        help_text="It is also sent by mail to everybody in the course.",
    )
    mailed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When its mailing began."
    )
    # State of the mailing: when the current worker's claim ends, the last enrolment
    # whose turn has come (they go by id), and how many mails were sent.
    mailing_until = models.DateTimeField(null=True, editable=False)
    mailed_up_to = models.BigIntegerField(default=0, editable=False)
    mails_sent = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        ordering = ["-release_at", "-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True)
                | models.Q(release_at__isnull=True)
                | models.Q(ends_at__gt=models.F("release_at")),
                name="announcement_ends_after_release",
            ),
        ]
        # For the queries that find announcements to mail.
        indexes = [
            models.Index(
                fields=["release_at"],
                name="announcement_to_mail",
                condition=models.Q(is_mailed=True, mailed_at__isnull=True),
            ),
            models.Index(
                fields=["mailing_until"],
                name="announcement_in_the_mail",
                condition=models.Q(mailing_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class CourseChange(models.Model):
    """What somebody changed, when and why. Rows are only ever added.

    Students read those with `is_public`, such as a session that moved. The others, such
    as a change of role, are for staff. One with a `student` is read by that student
    alone, and by staff.
    """

    class Kind(models.TextChoices):
        SESSION = "session", "Session"
        DEADLINE = "deadline", "Deadline"
        MATERIAL = "material", "Material"
        SHIFT = "shift", "Shift of the run"
        ROLE = "role", "Role"
        ROSTER = "roster", "Roster"
        CONTENT = "content", "Content"
        EXTENSION = "extension", "Extension"
        REVISION = "revision", "Published revision"
        RELEASE = "release", "Release of marks"

    course = models.ForeignKey(Course, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=12, choices=Kind)
    summary = models.CharField(max_length=300, help_text="What is new, in words.")
    reason = models.CharField(max_length=300, blank=True)
    before = models.CharField(max_length=300, blank=True)
    after = models.CharField(max_length=300, blank=True)
    is_public = models.BooleanField(default=False)
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="The only student who sees it. If it is empty, all students see it.",
    )
    session = models.ForeignKey(
        "courses.Session", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    material = models.ForeignKey(
        "courses.Material", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    assignment = models.ForeignKey(
        "courses.Assignment", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty if the portal itself made the change.",
    )
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CourseChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=[
                        "session",
                        "deadline",
                        "material",
                        "shift",
                        "role",
                        "roster",
                        "content",
                        "extension",
                        "revision",
                        "release",
                    ]
                ),
                name="course_change_kind_known",
            ),
        ]
        indexes = [models.Index(fields=["course", "-made_at"])]

    def __str__(self) -> str:
        return self.summary
