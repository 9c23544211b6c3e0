"""allauth's forms of signing in and of passwords, with our labels."""

from typing import Any, Final

from allauth.account import forms as allauth_forms
from django import forms

NEW_PASSWORD: Final = {
    "password1": "New password",
    "password2": "New password again",
}


class SignInForm(allauth_forms.LoginForm):
    """allauth's sign-in form with our labels."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _relabel(self, remember="Stay signed in on this device")


class PasswordChangeForm(allauth_forms.ChangePasswordForm):
    """allauth's form for a new password with our labels."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _relabel(self, oldpassword="Current password", **NEW_PASSWORD)


class PasswordResetForm(allauth_forms.ResetPasswordKeyForm):
    """allauth's form for a forgotten password with our labels."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _relabel(self, **NEW_PASSWORD)


def _relabel(form: forms.Form, **labels: str) -> None:
    for name, label in labels.items():
        form.fields[name].label = label
        form.fields[name].widget.attrs.pop("placeholder", None)
