"""The forms of a board: the freeze, a proposal, and its answer."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from accounts.models import User
from courses.models import Course, Enrolment
from courses.models.mark_freeze import LONGEST_BOARD
from grading.forms.typed_points import PointsField
from grading.models import Standing
from grading.models.board_proposals import LONGEST_REASON
from grading.services.board import WantedMark

_NO_STANDING: Final = "none"
_TEXT: Final = forms.Textarea(attrs={"rows": 3})


class FreezeForm(forms.Form):
    """The form that freezes the marks and names the people of the board."""

    board = forms.CharField(
        label="Board",
        max_length=LONGEST_BOARD,
        help_text="Such as Board of 12 June. Staff read it in the history of marks.",
        error_messages={"required": "Name the board, such as Board of 12 June."},
    )
    members = forms.TypedMultipleChoiceField(
        label="Who decides",
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text="At least two people. One proposes a change, another one confirms it.",
        error_messages={"required": "Choose at least two people."},
    )

    def __init__(self, people: Sequence[User], *args: Any, **kwargs: Any) -> None:
        """Offer these people."""
        super().__init__(*args, **kwargs)
        choices: Any = self.fields["members"]
        choices.choices = [(each.pk, each.name) for each in people]


class ProposalForm(forms.Form):
    """The form that proposes points or a standing for one mark."""

    assignment = forms.TypedChoiceField(label="Assessment", coerce=int)
    student = forms.TypedChoiceField(label="Student", coerce=int)
    points = PointsField(
        label="Final points",
        required=False,
        help_text="What the mark shall be, after everything. Empty if the standing "
        "changes instead.",
    )
    standing = forms.ChoiceField(
        label="Or a standing",
        required=False,
        choices=[
            ("", "As it is"),
            *Standing.choices,
            (_NO_STANDING, "No standing any more"),
        ],
    )
    reason = forms.CharField(
        label="Reason",
        max_length=LONGEST_REASON,
        widget=_TEXT,
        help_text="It stays in the history of the mark. Students do not see it.",
        error_messages={"required": "Give a reason. It stays in the history."},
    )

    def __init__(self, course: Course, *args: Any, **kwargs: Any) -> None:
        """Offer the assessments and the students of the course."""
        super().__init__(*args, **kwargs)
        self._works = {
            each.pk: each
            for each in course.assignments.select_related("course").order_by("due_at")
        }
        rows = Enrolment.objects.students().filter(course=course)
        people = rows.select_related("user").order_by("user__last_name", "user__email")
        works: Any = self.fields["assignment"]
        works.choices = [
            ("", "Choose"),
            *((pk, each.title) for pk, each in self._works.items()),
        ]
        students: Any = self.fields["student"]
        students.choices = [
            ("", "Choose"),
            *((row.user_id, f"{row.user.name} ({row.user.email})") for row in people),
        ]

    def clean(self) -> dict[str, Any]:
        """Raise ValidationError unless either points or a standing are given."""
        given = super().clean() or self.cleaned_data
        has_points = given.get("points") is not None
        if not self.errors and has_points == bool(given.get("standing")):
            raise forms.ValidationError("Give either final points or a standing.")
        return given

    @property
    def wanted(self) -> WantedMark:
        """What a valid form proposes."""
        given = self.cleaned_data
        standing = given["standing"]
        return WantedMark(
            assignment=self._works[given["assignment"]],
            student=given["student"],
            points=given["points"],
            standing="" if standing == _NO_STANDING else standing,
        )


class EndForm(forms.Form):
    """The form that proposes the end of the freeze, with a reason."""

    reason = forms.CharField(
        label="Reason",
        max_length=LONGEST_REASON,
        help_text="Staff read it among the changes of the course.",
        error_messages={"required": "Give a reason."},
    )
