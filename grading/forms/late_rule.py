"""The fields of a late rule in forms, and the form of a course's rule."""

from typing import Any, Final

from django import forms

from courses.late_rules import LatePreset, preset
from courses.models import Course
from courses.services.course_late_rule import COURSE_RULE_FIELDS

RULE_LABELS: Final = {
    "late_mode": "What late work loses",
    "late_unit": "Unit of lateness",
    "late_step": "Loss for each unit",
    "late_floor": "Points not below, in %",
    "late_maximum": "Loss at most, in %",
    "late_zero_after": "No points after, in units",
    "late_days_limit": "Late days for one piece of coursework",
    "late_days": "Late days in the whole course",
    "pass_mark": "Pass mark in %",
}


def preset_values(chosen: LatePreset) -> dict[str, Any]:
    """Return the fields of a rule as a form has them."""
    rule = chosen.rule
    return {
        "late_mode": rule.mode.value,
        "late_unit": rule.unit.value,
        "late_step": rule.step,
        "late_floor": rule.floor,
        "late_maximum": rule.maximum,
        "late_zero_after": rule.zero_after,
        "late_days_limit": rule.days_limit,
    }


class LateRuleForm(forms.ModelForm[Course]):
    """A course's rule for late work, which its coursework follows."""

    class Meta:
        model = Course
        fields = COURSE_RULE_FIELDS
        labels = RULE_LABELS

    @classmethod
    def of(
        cls, course: Course, entered: Any = None, chosen: str = ""
    ) -> "LateRuleForm":
        """Return the form with the stored rule, a preset, or what was entered.

        A valid form changes the course object that it was given, and stores nothing.
        """
        known = preset(chosen)
        initial = {**preset_values(known), "late_days": known.bank} if known else None
        return cls(entered, instance=course, initial=initial)
