"""The form field for a course's module codes."""

import re
from typing import Any, Final

from django import forms

_SEPARATORS: Final = re.compile(r"[,;/\n]")
_QUOTES: Final = " \t\r\"'[]"


class ModuleCodesField(forms.CharField):
    """Codes separated by commas: 70010, 97111. Its value is a list of texts."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", "Module codes")
        options.setdefault("help_text", "Separated by commas, such as 70010, 97111.")
        options.setdefault("max_length", 200)
        options.pop("encoder", None)
        options.pop("decoder", None)
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        """Return the codes as people write them."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the codes, each once, without quotes or brackets around them."""
        text = super().to_python(value)
        parts = (part.strip(_QUOTES) for part in _SEPARATORS.split(text or ""))
        return list(dict.fromkeys(filter(None, parts)))

    def run_validators(self, value: Any) -> None:
        """Check the length of the text; the model checks each code."""
        super().run_validators(", ".join(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(self.prepare_value(initial)) != self.to_python(data))
