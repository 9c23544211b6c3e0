"""The form that adds one person to a course."""

from typing import Any

from django import forms

from courses.models import Course
from formats.choices import Role
from formats.roster import Entry


class PersonForm(forms.Form):
    """Who is added, and in which role. Names are only used for a new account."""

    email = forms.EmailField(
        label="Email address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.STUDENT)
    module_code = forms.ChoiceField(label="Module code", required=False)
    first_name = forms.CharField(label="First name", max_length=150, required=False)
    last_name = forms.CharField(
        label="Last name",
        max_length=150,
        required=False,
        help_text=(
            "Used for a new account. If the person has an account already, its name "
            "stays."
        ),
    )
    login = forms.CharField(label="College login", max_length=64, required=False)
    invite = forms.BooleanField(
        label="Mail them how to sign in",
        required=False,
        initial=True,
        help_text="Only if they have never signed in and were not invited before.",
    )

    def __init__(self, course: Course, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes: Any = self.fields["module_code"]
        codes.choices = [("", "–"), *((code, code) for code in course.module_codes)]  # noqa: RUF001  a dash for none

    @property
    def entry(self) -> Entry:
        """The person that a valid form describes."""
        given = self.cleaned_data
        return Entry(
            line=1,
            email=given["email"].lower(),
            first_name=given["first_name"],
            last_name=given["last_name"],
            login=given["login"],
            role=Role(given["role"]),
            module_code=given["module_code"],
        )
