"""The form that creates an assignment, or changes its settings."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, ClassVar, Final, Self

from django import forms
from django.utils import timezone
from django.utils.text import slugify

from courses.forms.moments import MomentField
from courses.forms.release_time_fields import ReleaseTimeForm
from courses.late_rule_words import rule_words
from courses.late_rules import preset
from courses.models import Assignment, Course
from courses.models.assignment import LEAST_OUT_OF
from courses.wall_clock import later_by_days
from formats.choices import Counting, LateMode
from formats.declaration import (
    DEFAULT_STATEMENT,
    LONGEST_QUESTIONS,
    LONGEST_STATEMENT,
)
from formats.late_rule_checks import RULE_FIELDS
from formats.lengths import MAX_MARKDOWN
from grading.forms.late_rule import RULE_LABELS, preset_values

_LONGEST_SLUG: Final = 60
_Sections = tuple[tuple[str, tuple[str, ...]], ...]
# The parts of the form, with the names of their fields.
SECTIONS: Final[_Sections] = (
    ("Coursework", ("title", "slug", "summary", "week")),
    (
        "Dates",
        (
            *("visible", "release_at", "due_at", "closes_at"),
            *("grace_minutes", "upload_minutes"),
        ),
    ),
    ("Late work", (*RULE_FIELDS, "pass_mark")),
    (
        "Attempts",
        (
            *("max_attempts", "cooldown_minutes", "counting"),
            *("cpu_budget_seconds", "gpu_budget_seconds"),
        ),
    ),
    ("Check my work", ("self_check_limit", "self_check_minutes")),
    ("Declaration", ("declaration", "declaration_questions")),
    ("Share of the course mark", ("component", "weight_percent", "is_extra_credit")),
)
# The same, where nothing is handed in.
ENTERED_SECTIONS: Final[_Sections] = (
    ("Assessment", ("title", "slug", "summary", "week")),
    ("Date", ("visible", "release_at", "due_at")),
    ("Marks", ("marks_out_of", "pass_mark")),
    ("Share of the course mark", ("component", "weight_percent", "is_extra_credit")),
)
_MOVED: Final = (
    "The last part of its address. If you change it, links to the old address stop "
    "working, and you must change it in the course file too."
)


def _preset_of(assignment: Assignment, chosen: str) -> dict[str, Any]:
    """Return the form's values for a preset: its rule, and its closing time."""
    known = preset(chosen)
    if known is None:
        return {}
    found = preset_values(known)
    if known.open_days is not None:
        course = assignment.course
        found["closes_at"] = later_by_days(
            assignment.due_at, known.open_days, course.tz
        )
    return found


class CourseworkForm(ReleaseTimeForm, forms.ModelForm[Assignment]):
    """The settings of an assignment.

    Times are in Django's current zone: views set it to the course's zone.
    """

    slug = forms.SlugField(
        label="Address",
        max_length=_LONGEST_SLUG,
        required=False,
        help_text="The last part of its address: letters, digits, hyphens. If you "
        "leave it empty, it is made from the title.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": "Use letters, digits, hyphens and underscores."},
    )
    due_at = MomentField(label="Deadline")
    closes_at = MomentField(
        label="Late work until",
        required=False,
        help_text="If you leave it empty, nobody can hand in after the deadline.",
    )
    grace_minutes = forms.IntegerField(
        label="Minutes of grace",
        initial=0,
        min_value=0,
        max_value=24 * 60,
        help_text=(
            "Work is still on time for this many minutes after the deadline. "
            "Students are not told."
        ),
    )
    upload_minutes = forms.IntegerField(
        label="Minutes for large uploads",
        initial=30,
        min_value=0,
        max_value=24 * 60,
        help_text="An attempt that is uploaded in pieces counts from the moment at "
        "which it was opened, if all its files arrive within this many minutes. "
        "Students are told. A change holds for attempts that are opened after it.",
    )
    max_attempts = forms.IntegerField(
        label="Number of attempts",
        required=False,
        min_value=1,
        max_value=1000,
        help_text="If you leave it empty, students may hand in as often as they like.",
    )
    cooldown_minutes = forms.IntegerField(
        label="Minutes between attempts",
        initial=0,
        min_value=0,
        max_value=7 * 24 * 60,
        help_text="How long students wait after an attempt before they can hand in the "
        "next one. An attempt that fails through a fault of the portal does not count. "
        "Students are told.",
    )
    cpu_budget_seconds = forms.IntegerField(
        label="CPU seconds of each student",
        required=False,
        min_value=1,
        max_value=10**8,
        help_text="What all runs of one student's hand-ins may use together. If you "
        "leave it empty, there is no limit.",
    )
    gpu_budget_seconds = forms.IntegerField(
        label="GPU seconds of each student",
        required=False,
        min_value=1,
        max_value=10**8,
        help_text="The same for the time in which a run holds a GPU.",
    )
    self_check_limit = forms.IntegerField(
        label="Checks of their work",
        initial=0,
        min_value=0,
        max_value=100,
        help_text="How many times a student can press “Check my work” without waiting. "
        "It runs their files and the checks that are shown at once, and uses no attempt. "
        "0 turns it off.",
    )
    self_check_minutes = forms.IntegerField(
        label="Minutes until one more check",
        initial=30,
        min_value=1,
        max_value=7 * 24 * 60,
        help_text="A student who has used some gets one more each time so many "
        "minutes have passed, up to that number.",
    )
    counting = forms.ChoiceField(
        label="Which attempt counts",
        choices=Counting.choices,
        initial=Counting.LATEST,
        help_text="If students choose, they can change their choice until they can no "
        "longer hand in. While a student has chosen none, the latest attempt counts.",
        widget=forms.RadioSelect,
    )
    declaration = forms.CharField(
        label="Declaration",
        required=False,
        max_length=LONGEST_STATEMENT,
        help_text="What students confirm when they hand in. If you leave it empty: "
        f"“{DEFAULT_STATEMENT}”",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    declaration_questions = forms.CharField(
        label="Questions when handing in",
        required=False,
        max_length=LONGEST_QUESTIONS,
        help_text="One on each line, such as “Which AI tools did you use, and for "
        "what? [required]” or “Hours worked [number]”. Staff see the answers on the "
        "receipt of each attempt.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    weight_percent = forms.DecimalField(
        label="Weight in %",
        initial=0,
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        help_text="Its own share of the course mark. Enter 0 while you have not "
        "decided how a part is split.",
    )
    summary = forms.CharField(
        label="Brief",
        required=False,
        max_length=MAX_MARKDOWN,
        help_text="Markdown. It is shown on the page of the coursework.",
        widget=forms.Textarea(attrs={"rows": 8}),
    )

    class Meta:
        model = Assignment
        fields = (
            "title",
            "slug",
            "week",
            "component",
            "weight_percent",
            "is_extra_credit",
            "due_at",
            "closes_at",
            "grace_minutes",
            *RULE_FIELDS,
            "pass_mark",
            "upload_minutes",
            "max_attempts",
            "cooldown_minutes",
            "cpu_budget_seconds",
            "gpu_budget_seconds",
            "self_check_limit",
            "self_check_minutes",
            "counting",
            "declaration",
            "declaration_questions",
            "summary",
        )
        labels = {
            **RULE_LABELS,
            "title": "Title",
            "week": "Week",
            "component": "Part of the course mark",
            "is_extra_credit": "Extra credit",
        }
        help_texts = {
            "component": "Coursework of no part and without a weight is not assessed."
        }

    shown_sections: ClassVar[_Sections] = SECTIONS
    field_order = tuple(name for _, names in SECTIONS for name in names)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["visible"].label = "Handed out to students"
        self.fields["release_at"].label = "Handed out at"
        if self.instance.pk:
            self.fields["slug"].help_text = _MOVED
        course = self.instance.course
        week: Any = self.fields["week"]
        week.queryset, week.empty_label = course.weeks.order_by("number"), "No week"
        late: Any = self.fields["late_mode"]
        own = " ".join(rule_words(course.own_late_rule, pass_mark=course.pass_mark))
        late.choices = [("", "What the course's rule says"), *LateMode.choices]
        late.help_text = f"The course's rule: {own}"
        self.fields["late_unit"].required = False
        component: Any = self.fields["component"]
        component.queryset, component.empty_label = course.components.all(), "None"

    @property
    def sections(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """Yield the title of each part of the form, with its fields."""
        for title, names in self.shown_sections:
            yield title, [self[name] for name in names]

    @classmethod
    def new(cls, course: Course, entered: Any = None) -> Self:
        """Return the form for a new assignment, which is hidden at first."""
        return cls(
            entered,
            instance=Assignment(course=course),
            initial=cls.release_of(None),
        )

    @classmethod
    def of(cls, assignment: Assignment, entered: Any = None, chosen: str = "") -> Self:
        """Return the form with the stored settings, or with what was entered.

        `chosen` is the key of a preset that fills in the rule for late work.

        A valid form changes the assignment object that it was given, and stores
        nothing.
        """
        return cls(
            entered,
            instance=assignment,
            initial={
                **cls.release_of(assignment.release_at),
                **_preset_of(assignment, chosen),
            },
        )

    def clean(self) -> dict[str, Any]:
        """Make the slug from the title if none is given, and check that it is free."""
        given = super().clean()
        if "slug" not in self.errors and "title" in given:
            given["slug"] = given.get("slug") or slugify(given["title"])[:_LONGEST_SLUG]
            self._check_address(given["slug"])
        return given

    def clean_late_unit(self) -> str:
        """Keep the unit if none is given: without a rule of its own, none is needed."""
        return self.cleaned_data["late_unit"] or self.instance.late_unit

    def _check_address(self, slug: str) -> None:
        if not slug:
            self.add_error("slug", "Give an address that has letters or digits.")
            return
        others = Assignment.objects.filter(course=self.instance.course, slug=slug)
        if others.exclude(pk=self.instance.pk).exists():
            self.add_error(
                "slug",
                (
                    f"There is coursework with the address {slug} already. Choose "
                    "another one."
                ),
            )

    def assignment(self, now: dt.datetime | None = None) -> Assignment:
        """Return the assignment as a valid form says, not yet stored."""
        made = self.instance
        made.release_at = self.release(now or timezone.now())
        return made


class EnteredForm(CourseworkForm):
    """The settings of an assignment whose marks people enter."""

    marks_out_of = forms.DecimalField(
        label="Out of how many points",
        min_value=LEAST_OUT_OF,
        max_digits=7,
        decimal_places=2,
        help_text="The points that can be had. Marks are entered out of so many.",
    )

    class Meta(CourseworkForm.Meta):
        fields = (*CourseworkForm.Meta.fields, "marks_out_of")

    shown_sections = ENTERED_SECTIONS
    field_order = tuple(name for _, names in ENTERED_SECTIONS for name in names)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - set(self.field_order):
            del self.fields[name]
        self.fields["due_at"].label = "When it takes place"
        self.fields["visible"].label = "Shown to students"
        self.fields["release_at"].label = "Shown from"
        self.fields["summary"].label = "Description"
        # Nothing is handed in, so nothing is late.
        self.instance.closes_at, self.instance.grace_minutes = None, 0


def coursework_form(assignment: Assignment) -> type[CourseworkForm]:
    """Return the form for the settings of this assignment."""
    return EnteredForm if assignment.has_entered_marks else CourseworkForm
