"""The form that grants extensions to several students."""

from collections.abc import Iterator
from typing import Any, Final

from django import forms

from accounts.models import User
from courses.forms.moments import MomentField
from courses.models import Assignment, Enrolment
from courses.services.extension_rows import grants_of_rows, named_students
from courses.services.extensions import ExtensionGrant
from courses.wall_clock import moment_words
from formats.extension_file import (
    LONGEST_REASON,
    MOST_BYTES,
    ExtensionRowsError,
    decode_extension_rows,
    read_extension_rows,
)
from formats.problems import Problem
from grading.forms.extensions import name_and_address

_LONGEST_LIST: Final = 100_000
# At most so many problems are listed.
_MOST_LISTED: Final = 50
_NOBODY: Final = (
    "Name students, choose a module code, tick students, or give a CSV file."
)


class _TickedField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # Django takes none at run time
    """Students of the course to tick, by name and address."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        """Return the name with the address, because names are not unique."""
        return name_and_address(obj)


class ManyExtensionsForm(forms.Form):
    """Who gets more time, and until when: for all the same, or for each by a CSV file.

    A valid form has `grants`.
    """

    students = forms.CharField(
        label="Logins or addresses, one in each line",
        required=False,
        max_length=_LONGEST_LIST,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )
    module_code = forms.ChoiceField(label="Everybody with the code", required=False)
    ticked = _TickedField(User.objects.none(), label="Or tick", required=False)
    due_at = MomentField(label="New deadline", required=False)
    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=LONGEST_REASON,
        help_text="Only those who edit the course see the reason.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    file = forms.FileField(
        label="Or a CSV file",
        required=False,
        help_text="With the columns student (a login or an address), due_at (such as "
        "2027-03-15 12:00, by the course's clocks) and reason. Each line is an "
        "extension, and the fields above stay empty.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    rows = forms.CharField(
        label="Lines of the file",
        required=False,
        max_length=2 * MOST_BYTES,
        strip=False,
        widget=forms.HiddenInput,
    )

    def __init__(self, assignment: Assignment, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.assignment = assignment
        self.grants: list[ExtensionGrant] = []
        self.problems: list[Problem] = []
        students = Enrolment.objects.students().filter(course=assignment.course_id)
        ticked: Any = self.fields["ticked"]
        ticked.queryset = User.objects.filter(pk__in=students.values("user"))
        codes = assignment.course.module_codes
        if len(codes) > 1:
            field: Any = self.fields["module_code"]
            field.choices = [("", "Nobody"), *((code, code) for code in codes)]
        else:
            del self.fields["module_code"]
        zone = assignment.course.tz
        self.fields["due_at"].help_text = (
            f"{zone.key}. The common deadline is "
            f"{moment_words(assignment.due_at, zone)}."
        )

    def clean(self) -> dict[str, Any]:
        """Find the students, and list what is wrong with their names or the file."""
        given = super().clean() or self.cleaned_data
        if self.errors:
            return given
        if given.get("file") or given.get("rows", "").strip():
            self._read_rows(given)
        else:
            self._read_names(given)
        if self.problems:
            self.add_error(None, [str(each) for each in self.problems[:_MOST_LISTED]])
        elif not self.errors and not self.grants:
            self.add_error("students", _NOBODY)
        return given

    def _read_rows(self, given: dict[str, Any]) -> None:
        """Read the CSV file, or its lines as the preview's form sends them."""
        try:
            if given.get("file"):
                content = given["file"].read(MOST_BYTES + 1)
                given["rows"] = decode_extension_rows(content)
            rows = read_extension_rows(given["rows"])
        except ExtensionRowsError as error:
            self.problems = list(error.problems)
            return
        self.grants, self.problems = grants_of_rows(self.assignment, rows)

    def _read_names(self, given: dict[str, Any]) -> None:
        for name in ("due_at", "reason"):
            if not given.get(name):
                self.add_error(name, "Fill this in, unless you give a CSV file.")
        due_at = given.get("due_at")
        if due_at is not None and due_at <= self.assignment.due_at:
            words = "An extension must end later than the common deadline."
            self.add_error("due_at", words)
        named, self.problems = named_students(
            self.assignment.course, self._lines(given["students"])
        )
        if self.errors or self.problems or due_at is None:
            return
        people = {each.pk: each for each in [*named, *given["ticked"]]}
        people |= {each.pk: each for each in self._with_code(given.get("module_code"))}
        self.grants = [
            ExtensionGrant(student=each, due_at=due_at, reason=given["reason"])
            for each in people.values()
        ]

    def _with_code(self, code: str | None) -> list[User]:
        if not code:
            return []
        rows = Enrolment.objects.students().filter(
            course=self.assignment.course_id, module_code=code
        )
        return [row.user for row in rows.select_related("user")]

    @staticmethod
    def _lines(text: str) -> Iterator[tuple[int, str]]:
        """Yield each name with its line. Commas separate names, too."""
        for number, line in enumerate(text.splitlines(), start=1):
            for name in line.replace(";", ",").split(","):
                if name.strip():
                    yield number, name.strip()
