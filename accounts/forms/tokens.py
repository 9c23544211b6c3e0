"""The form for a new API token."""

import datetime as dt
from typing import Any, Final

from django import forms
from django.utils import timezone

from accounts.models import ApiToken

LIFETIMES: Final = {
    "30": "30 days",
    "120": "120 days (a term)",
    "365": "A year",
    "never": "Until it is revoked",
}


class TokenForm(forms.Form):
    """The name of a new API token, its scopes, and its lifetime."""

    name = forms.CharField(
        max_length=80,
        label="Name",
        help_text="Say what will use the token, such as “laptop”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        choices=ApiToken.Scope.choices,
        initial=[ApiToken.Scope.READ],
        label="The token may",
        widget=forms.CheckboxSelectMultiple,
    )
    lifetime = forms.ChoiceField(
        choices=list(LIFETIMES.items()), initial="120", label="The token works for"
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
