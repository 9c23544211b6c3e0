"""The error with which services refuse single fields."""

from collections.abc import Mapping
from typing import Self

from django.core.exceptions import ValidationError


class FieldsRefusedError(Exception):
    """The values were refused, and nothing was stored.

    `faults` says for each field what to do.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = dict(faults)

    @classmethod
    def of(cls, error: ValidationError) -> Self:
        """Return the refusal with the messages of a model's validation."""
        return cls({name: " ".join(said) for name, said in error.message_dict.items()})
