"""The forms that give answers to markers, and draw answers to be marked twice."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from accounts.models import User
from courses.models import Assignment, Enrolment
from courses.services.extension_rows import named_students
from grading.services.allocation import MOST_PERCENT, AllocationOrder

_LONGEST_LIST: Final = 100_000


class _MarkersField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # Django takes none at run time
    """Staff of the course to tick, by name."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        """Return the person's name."""
        name: str = obj.name
        return name


class _MarkersForm(forms.Form):
    """Markers, and questions. `questions` are keys and titles."""

    markers = _MarkersField(
        User.objects.none(),
        label="Markers",
        error_messages={"required": "Choose at least one marker."},
    )
    keys = forms.MultipleChoiceField(
        label="Questions",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one question."},
    )

    def __init__(
        self,
        assignment: Assignment,
        questions: Sequence[tuple[str, str]],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.assignment = assignment
        staff = Enrolment.objects.markers().filter(course=assignment.course_id)
        markers: Any = self.fields["markers"]
        markers.queryset = User.objects.filter(
            pk__in=staff.order_by().values("user")
        ).order_by("first_name", "last_name", "pk")
        keys: Any = self.fields["keys"]
        keys.choices = list(questions)
        keys.initial = [key for key, _ in questions]

    @property
    def chosen_keys(self) -> list[str]:
        """The keys of the chosen questions of a valid form; none if these are all."""
        chosen: list[str] = self.cleaned_data["keys"]
        fields: Any = self.fields
        return [] if len(chosen) == len(fields["keys"].choices) else chosen


class AllocationForm(_MarkersForm):
    """What is allocated to whom. A valid form has an `order`."""

    split = forms.ChoiceField(
        label="How",
        choices=[
            ("students", "Share the students out evenly, at random"),
            ("questions", "Give each question to one of the markers"),
        ],
        initial="students",
        widget=forms.RadioSelect,
    )
    module_code = forms.ChoiceField(
        label="Only students with the code",
        required=False,
        help_text="Together with those whom you name below.",
    )
    students = forms.CharField(
        label="Only these students",
        required=False,
        max_length=_LONGEST_LIST,
        help_text="Logins or addresses, one in each line, such as those of a tutorial "
        "group. If it is empty: everybody.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    replaces = forms.BooleanField(
        label="Allocate anew what is allocated already",
        required=False,
        help_text="Otherwise only answers that nobody is given are allocated.",
    )

    def __init__(self, assignment: Assignment, *args: Any, **kwargs: Any) -> None:
        super().__init__(assignment, *args, **kwargs)
        self._students: set[int] | None = None
        codes = assignment.course.module_codes
        if len(codes) > 1:
            field: Any = self.fields["module_code"]
            field.choices = [("", "Any code"), *((code, code) for code in codes)]
        else:
            del self.fields["module_code"]

    def clean(self) -> dict[str, Any]:
        """Find the students."""
        given = super().clean() or self.cleaned_data
        lines = (given.get("students") or "").replace(",", "\n").splitlines()
        names = [(n, line.strip()) for n, line in enumerate(lines, start=1)]
        named, problems = named_students(
            self.assignment.course, [row for row in names if row[1]]
        )
        if problems:
            self.add_error("students", [str(each) for each in problems[:20]])
        found = {each.pk for each in named}
        code = given.get("module_code")
        if code:
            rows = Enrolment.objects.students().filter(
                course=self.assignment.course_id, module_code=code
            )
            found |= set(rows.values_list("user", flat=True))
        self._students = found if found or code else None
        return given

    @property
    def order(self) -> AllocationOrder:
        """What a valid form asks for."""
        given = self.cleaned_data
        return AllocationOrder(
            markers=list(given["markers"]),
            keys=self.chosen_keys,
            students=self._students,
            by_question=given["split"] == "questions",
            replaces=given["replaces"],
        )


class SecondMarkingForm(_MarkersForm):
    """How many students are drawn for a second marking, and by whom."""

    percent = forms.IntegerField(
        label="Students to draw, in %",
        initial=10,
        min_value=1,
        max_value=MOST_PERCENT,
        help_text="Afterwards so many of the students with work have a second marker. "
        "Who is drawn is random.",
    )
