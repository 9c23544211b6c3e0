"""The form on which staff import an assignment: its files and its options."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from formats.assignment import Limits, Visibility
from formats.importing import (
    Format,
    ImportOptions,
    OptionError,
    read_parameter,
    read_points,
    read_required,
)

FORMATS: Final = {
    Format.SOFTMARK: "Softmark (assignment.yaml)",
    Format.NBGRADER: "nbgrader",
    Format.OTTER: "Otter",
}
SEEN: Final = {
    Visibility.ALWAYS: "at once",
    Visibility.AFTER_DEADLINE: "after the deadline",
    Visibility.AFTER_RELEASE: "when marks are released",
    Visibility.NEVER: "never",
}
_LIMITS: Final = {
    "cell_seconds": "Seconds for a cell",
    "question_seconds": "Seconds for a question",
    "run_seconds": "Seconds for the whole run",
    "memory_mb": "Memory in MB",
    "disk_mb": "Disk in MB",
    "gpu_memory_mb": "Memory of the GPU in MB",
}
_USUAL_LIMITS: Final = asdict(Limits())


class FilesInput(forms.ClearableFileInput):
    """A file input that takes any number of files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """A form field for any number of files. Its value is a list."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list["UploadedFile[Any]"]:
        return [super(FilesField, self).clean(each, initial) for each in data or ()]


class LinesField(forms.CharField):
    """A form field with one value on each line.

    `read` makes the value from a line, and raises OptionError for a wrong line.
    """

    widget = forms.Textarea

    def __init__(
        self, read: Callable[[str], Any], *, example: str, **more: Any
    ) -> None:
        attributes = {"rows": 2, "placeholder": example, "spellcheck": "false"}
        super().__init__(
            required=False, widget=forms.Textarea(attrs=attributes), **more
        )
        self._read = read

    def clean(self, value: Any) -> tuple[Any, ...]:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        try:
            return tuple(self._read(line) for line in lines if line)
        except OptionError as error:
            raise ValidationError(str(error)) from error


class ImportForm(forms.Form):
    """The uploaded files, and the options that foreign formats do not contain."""

    FOREIGN: Final = (
        *("hidden", "title", "environment", "queue", "required", "solution"),
        *("points", "parameters"),
        *_USUAL_LIMITS,
    )

    package = forms.FileField(
        label="Assignment",
        help_text="Choose a .zip of the folder, or an .ipynb.",
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,.ipynb"}),
    )
    notebook = forms.FileField(
        label="Notebook outside the zip",
        required=False,
        help_text=(
            "Needed if the zip has no notebook, or several: the notebook to import."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".ipynb"}),
    )
    format = forms.ChoiceField(
        label="Format",
        required=False,
        choices=[("", "Recognise it by itself"), *FORMATS.items()],
    )
    hidden = forms.ChoiceField(
        label="Students see the results of hidden tests",
        choices=list(SEEN.items()),
        initial=Visibility.AFTER_RELEASE,
    )
    title = forms.CharField(required=False, max_length=200)
    environment = forms.ChoiceField(required=False, initial="default")
    queue = forms.ChoiceField(
        required=False, choices=[("cpu", "CPU"), ("gpu", "GPU")], initial="cpu"
    )
    required = LinesField(
        read_required,
        example="net.pth=20",
        label="Files handed in beside the notebook",
        help_text="One file on each line, with its largest size in MB.",
    )
    solution = FilesField(
        label="Files of the model solution",
        required=False,
        help_text=(
            "Weights that students hand in, unless they are beside the notebook in "
            "the zip."
        ),
    )
    points = LinesField(
        read_points,
        example="conv2d=5",
        label="Points of questions",
        help_text=(
            "KEY=POINTS on each line. The checks of a question share its points "
            "equally."
        ),
    )
    parameters = LinesField(
        read_parameter,
        example="epochs=1",
        label="Parameters",
        help_text=(
            "NAME=VALUE on each line. The value is set before every cell that sets "
            "the name."
        ),
    )

    def __init__(
        self, *args: Any, environments: Iterable[str] = ("default",), **more: Any
    ) -> None:
        super().__init__(*args, **more)
        names = sorted({"default", *environments}, key=lambda each: each != "default")
        choice = self.fields["environment"]
        choice.choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        for name, default in _USUAL_LIMITS.items():
            self.fields[name] = forms.IntegerField(
                label=_LIMITS[name], required=False, min_value=1, initial=default
            )

    @property
    def general_fields(self) -> list[forms.BoundField]:
        """The fields that every format needs."""
        return [field for field in self if field.name not in self.FOREIGN]

    @property
    def foreign_fields(self) -> list[forms.BoundField]:
        """The fields for what nbgrader and Otter files do not contain."""
        return [field for field in self if field.name in self.FOREIGN]

    @property
    def has_foreign_values(self) -> bool:
        """Whether one of the foreign fields was filled in, or filled in wrongly."""
        return any(
            field.errors or str(field.value() or "") != str(field.field.initial or "")
            for field in self.foreign_fields
            if not isinstance(field.field, forms.FileField)
        )

    def options(self) -> ImportOptions:
        """Return the options of a valid form, without the files."""
        said = self.cleaned_data
        usual = ImportOptions()
        limits = {
            name: int(said[name] or default) for name, default in _USUAL_LIMITS.items()
        }
        return ImportOptions(
            format=Format(said["format"]) if said["format"] else None,
            hidden=Visibility(said["hidden"]),
            title=said["title"],
            environment=said["environment"] or usual.environment,
            queue=said["queue"] or usual.queue,
            required_files=said["required"],
            points=dict(said["points"]),
            parameters=dict(said["parameters"]),
            limits=Limits(**limits),
        )

    def repeated(self) -> list[tuple[str, str]]:
        """Return names and texts of hidden fields that send the same form again."""
        texts = [
            field for field in self if not isinstance(field.field, forms.FileField)
        ]
        return [(field.html_name, str(field.value() or "")) for field in texts]
