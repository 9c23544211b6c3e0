"""Forms of the account pages."""

import datetime as dt
from typing import Any, Final

from allauth.account import forms as allauth_forms
from django import forms
from django.utils import timezone

from accounts.models import ApiToken

LIFETIMES: Final = {
    "30": "30 days",
    "120": "120 days: a term",
    "365": "A year",
    "never": "Until it is revoked",
}
NEW_PASSWORD: Final = {
    "password1": "New password",
    "password2": "New password, again",
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


class TokenForm(forms.Form):
    """The name of a new API token, its scopes, and its lifetime."""

    name = forms.CharField(
        max_length=80,
        label="Name",
        help_text="What will use it, such as “laptop”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        choices=ApiToken.Scope.choices,
        initial=[ApiToken.Scope.READ],
        label="It may",
        widget=forms.CheckboxSelectMultiple,
    )
    lifetime = forms.ChoiceField(
        choices=list(LIFETIMES.items()), initial="120", label="It works for"
    )

    def clean_scopes(self) -> list[ApiToken.Scope]:
        """Return the scopes as members of their enumeration."""
        return [ApiToken.Scope(value) for value in self.cleaned_data["scopes"]]

    @property
    def expires_at(self) -> dt.datetime | None:
        """When the token stops working, counted from now; None means never."""
        lifetime: Any = self.cleaned_data["lifetime"]
        if lifetime == "never":
            return None
        return timezone.now() + dt.timedelta(days=int(lifetime))
