"""The forms that change the role of a person of a course, and invite people."""

from typing import Final

from django import forms

from formats.choices import Role

_YES_NO: Final = [("1", "yes"), ("0", "no")]


class RoleForm(forms.Form):
    """A person's new role or activity; empty fields change nothing.

    The button that makes somebody inactive also sends the list of roles, which is then
    ignored.
    """

    enrolment = forms.IntegerField(min_value=1, max_value=2**62)
    role = forms.ChoiceField(choices=Role.choices, required=False)
    active = forms.ChoiceField(choices=_YES_NO, required=False)


class InviteForm(forms.Form):
    """The person to invite; if empty, all who were not invited yet."""

    enrolment = forms.IntegerField(min_value=1, max_value=2**62, required=False)
