"""The form of a course's quota and of its rule for old weights."""

from typing import Any

from django import forms

from courses.models import Course
from courses.services.course_storage import STORAGE_FIELDS


class StorageForm(forms.ModelForm[Course]):
    """How much room the files of each student may take, and when old weights go."""

    class Meta:
        model = Course
        fields = STORAGE_FIELDS
        labels = {
            "quota_mb": "MB for the files of each student",
            "weights_days": "Remove old weights after, in days",
        }

    @classmethod
    def of(cls, course: Course, entered: Any = None) -> "StorageForm":
        """Return the form with the stored rule, or with what was entered.

        A valid form changes the course object that it was given, and stores nothing.
        """
        return cls(entered, instance=course)
