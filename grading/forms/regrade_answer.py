"""The form that answers a regrade request, with what is given now."""

from decimal import Decimal
from typing import Any

from django import forms

from formats.assignment.rubric import Choose
from grading.forms.typed_points import PointsField
from grading.models import Marking
from grading.models.markings import LONGEST_COMMENT
from grading.models.regrade_requests import LONGEST_WORDS
from grading.services.marking import GivenMarking
from grading.services.regrade_requests import MarkedAgain

_NONE = ""


def _signed(points: Decimal) -> str:
    """Return points with their sign, as pages write it."""
    return f"{points.normalize():+f}".replace("-", "\N{MINUS SIGN}")


class RegradeAnswerForm(forms.Form):
    """Words for the student, and points: of a marking, or added to the mark."""

    answer = forms.CharField(
        label="Answer",
        max_length=LONGEST_WORDS,
        help_text="The student reads it, and gets it by mail. Markdown.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(
        self, *args: Any, marking: Marking | None, takes_points: bool, **kwargs: Any
    ) -> None:
        """Add the fields of the rubric of `marking`, or one for points of the mark.

        Without `takes_points` and a marking, only words are asked for.
        """
        super().__init__(*args, **kwargs)
        self.marking = marking
        if marking is not None:
            self._add_rubric(marking)
        elif takes_points:
            self.fields["by"] = PointsField(
                label="Points to add to the mark",
                required=False,
                help_text="With a minus to take points. It is an adjustment of the "
                "mark, after any late penalty.",
            )
        self.order_fields([*(name for name in self.fields if name != "answer")])

    def _add_rubric(self, marking: Marking) -> None:
        chosen = {item.pk for item in marking.items.all()}
        for group in marking.rubric.groups.all():
            choices = [
                (str(item.pk), f"{item.text} ({_signed(item.points)})")
                for item in group.items.all()
            ]
            own = [str(item.pk) for item in group.items.all() if item.pk in chosen]
            if group.choose == Choose.ONE:
                self.fields[f"group-{group.pk}"] = forms.ChoiceField(
                    label=group.title or "Items",
                    required=False,
                    choices=[(_NONE, "None of these"), *choices],
                    initial=own[0] if own else _NONE,
                    widget=forms.RadioSelect,
                )
            else:
                self.fields[f"group-{group.pk}"] = forms.MultipleChoiceField(
                    label=group.title or "Items",
                    required=False,
                    choices=choices,
                    initial=own,
                    widget=forms.CheckboxSelectMultiple,
                )
        possible = marking.rubric.points.normalize()
        self.fields["adjustment"] = PointsField(
            label="Points to add or take",
            required=False,
            initial=f"{marking.adjustment.normalize():f}" if marking.adjustment else "",
            help_text="Beside the items, such as 0.5 or \N{MINUS SIGN}1. "
            f"All together counts from 0 to {possible:f} points: what is above or below is "
            "cut off.",
        )
        self.fields["comment"] = forms.CharField(
            label="Comment on the question",
            required=False,
            max_length=LONGEST_COMMENT,
            initial=marking.comment,
            help_text="It stands on the feedback page. Markdown.",
            widget=forms.Textarea(attrs={"rows": 3}),
        )
        self.fields["version"] = forms.IntegerField(
            initial=marking.version, min_value=1, widget=forms.HiddenInput
        )

    def marked_again(self) -> MarkedAgain:
        """Return what a valid form gives. Comments at cells stay as they are."""
        sent, marking = self.cleaned_data, self.marking
        if marking is None:
            return MarkedAgain(by=sent.get("by") or Decimal(0))
        groups = (value for name, value in sent.items() if name.startswith("group-"))
        given = GivenMarking(
            items=frozenset(int(key) for value in groups for key in _keys(value)),
            adjustment=sent["adjustment"] or Decimal(0),
            comment=sent["comment"],
            cell_comments={
                each.cell: each.text for each in marking.cell_comments.all()
            },
        )
        return MarkedAgain(given=given, version=sent["version"])


def _keys(value: str | list[str]) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    return value
