"""The form in which anybody may give a receipt to be verified."""

from typing import Any

from django import forms

from formats.receipt_text import LONGEST_RECEIPT

_TOO_LONG = "This is longer than any receipt. Give the receipt alone."


class VerifyForm(forms.Form):
    """A receipt as text, or as the file that was downloaded or mailed."""

    receipt = forms.CharField(
        label="Receipt",
        required=False,
        max_length=LONGEST_RECEIPT,
        strip=False,
        help_text="Paste it from its first to its last line. A whole mail will do.",
        widget=forms.Textarea(
            attrs={"rows": 12, "spellcheck": "false", "autocomplete": "off"}
        ),
        error_messages={"max_length": _TOO_LONG},
    )
    file = forms.FileField(
        label="Or its file",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".txt,text/plain"}),
        error_messages={"empty": "The file is empty. Choose another one."},
    )

    def clean_file(self) -> str:
        """Return the text of the file, or "" without one."""
        upload: Any = self.cleaned_data["file"]
        if upload is None:
            return ""
        if upload.size > LONGEST_RECEIPT:
            raise forms.ValidationError(_TOO_LONG)
        text: str = upload.read(LONGEST_RECEIPT).decode("utf-8-sig", errors="replace")
        return text

    def clean(self) -> dict[str, Any]:
        """Refuse a form without a receipt."""
        given = super().clean() or {}
        if not self.errors and not (given.get("file") or given["receipt"].strip()):
            raise forms.ValidationError("Paste a receipt, or choose its file.")
        return given

    @property
    def text(self) -> str:
        """The text to verify: the file's, if one was chosen."""
        text: str = self.cleaned_data["file"] or self.cleaned_data["receipt"]
        return text
