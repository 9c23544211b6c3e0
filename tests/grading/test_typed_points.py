"""Points as people type them: one parser for all forms of marking."""

from decimal import Decimal

import pytest
from django import forms

from grading.forms.marking_agree import MarkingAgreeForm
from grading.forms.marking_settings import MarkingSettingsForm
from grading.forms.rubric import RubricGroupForm
from grading.forms.typed_points import PointsField, typed_points


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.5", "1.5"),
        ("1,5", "1.5"),
        (" -0,25 ", "-0.25"),
        ("\N{MINUS SIGN}2", "-2"),
        ("+3", "3"),
        ("", None),
        ("1.000,5", None),
        ("1,000", None),
        ("two", None),
        ("NaN", None),
        ("1e1000000", None),
        ("9" * 13, None),
    ],
)
def test_decimal_comma_and_minus_sign_are_read(text: str, number: str | None) -> None:
    assert typed_points(text) == (Decimal(number) if number else None)


class OneField(forms.Form):
    points = PointsField()


def test_field_reads_what_the_marking_page_reads() -> None:
    form = OneField({"points": "\N{MINUS SIGN}1,5"})
    assert form.is_valid()
    assert form.cleaned_data["points"] == Decimal("-1.5")
    for wrong in ("1,000", "x", "1,5,5"):
        assert not OneField({"points": wrong}).is_valid(), wrong


@pytest.mark.django_db
def test_every_form_of_marking_reads_a_comma() -> None:
    agreed = MarkingAgreeForm({"taken": "first", "points": "4,5"})
    assert agreed.is_valid()
    assert agreed.choice.points == Decimal("4.5")
    group = RubricGroupForm({"choose": "several", "maximum": "2,5"})
    assert group.is_valid()
    assert group.cleaned_data["maximum"] == Decimal("2.5")
    settings = MarkingSettingsForm({"agreed_above": "0,5", "regrade_limit": "1"})
    settings.is_valid()
    assert settings.cleaned_data["agreed_above"] == Decimal("0.5")
