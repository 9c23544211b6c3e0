"""The form of a rubric: its groups, and in each of them its items.

It works without a script. A button that adds, moves or removes something sends the
whole form, which comes back changed and is not checked yet.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django import forms

from courses.models import Rubric
from formats.assignment import rubric as formats_rubric
from formats.assignment.rubric import (
    LONGEST_TEXT,
    MOST_GROUPS,
    MOST_ITEMS,
    Choose,
    Starts,
)
from grading.forms.typed_points import PointsField
from grading.services.rubric_edit import (
    EditedGroup,
    EditedItem,
    EditedRubric,
    edited_as_written,
)

_MOST_POINTS: Final = 99_999
_CHOICES: Final = [(Choose.SEVERAL.value, "Several"), (Choose.ONE.value, "One at most")]
_STARTS: Final = [
    (Starts.ZERO.value, "0 points: items add points"),
    (Starts.FULL.value, "Full points: items take points off"),
]
_NEW_GROUP: Final = {"choose": Choose.SEVERAL.value}
# What somebody entered: texts by their names, and lists of the same below them.
Entries = dict[str, Any]


def _points(**options: Any) -> PointsField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "size": 6})
    limit = _MOST_POINTS
    return PointsField(min_value=-limit, max_value=limit, widget=widget, **options)


class RubricHeadForm(forms.Form):
    """What holds for the whole rubric. `version` is that of the rubric as it was read."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    starts = forms.ChoiceField(label="Marking starts at", choices=_STARTS)


class RubricGroupForm(forms.Form):
    """A group of items."""

    pk = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(label="Title of the group", required=False, max_length=200)
    choose = forms.ChoiceField(label="How many items may be chosen", choices=_CHOICES)
    maximum = _points(label="Adds at most", required=False)
    minimum = _points(label="Adds at least", required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse bounds of which the lower one is above the upper one."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        least, most = given.get("minimum"), given.get("maximum")
        if least is not None and most is not None and least > most:
            self.add_error("minimum", "This is above the most that the group may add.")
        return given


class RubricItemForm(forms.Form):
    """An item of a group. A new row that is left empty is no item."""

    pk = forms.IntegerField(required=False, widget=forms.HiddenInput)
    text = forms.CharField(
        label="Words",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write the words of the item, or remove it."},
    )
    points = _points(
        label="Points",
        error_messages={"required": "Give the points of the item. They may be 0."},
    )


@dataclass(frozen=True, kw_only=True)
class GroupForms:
    """The forms of a group and of its items."""

    form: RubricGroupForm
    items: tuple[RubricItemForm, ...]

    @property
    def is_used(self) -> bool:
        """Whether anything is in the group: one that is new and empty is left out."""
        given = self.form["pk"].value(), self.form["title"].value()
        return any(given) or any(item.has_changed() for item in self.items)


class RubricForm:
    """The form of a whole rubric, empty of faults until `is_valid` has looked."""

    def __init__(self, entries: Entries, *, is_checked: bool = False) -> None:
        self._is_checked = is_checked
        self.is_refused = False
        self.head: RubricHeadForm = self._form(RubricHeadForm, entries, "rubric")
        self.groups = tuple(
            GroupForms(
                form=self._form(RubricGroupForm, group, f"group-{number}"),
                items=tuple(
                    self._form(RubricItemForm, item, f"group-{number}-item-{place}")
                    for place, item in enumerate(_with_empty_row(group["items"]))
                ),
            )
            for number, group in enumerate(entries["groups"])
        )

    def _form(self, kind: type[forms.Form], given: Entries, prefix: str) -> Any:
        values = {name: given.get(name, "") for name in kind.base_fields}
        options: dict[str, Any] = {"prefix": prefix, "use_required_attribute": False}
        if kind is RubricItemForm:
            options["empty_permitted"] = not values["pk"]
        if not self._is_checked:
            return kind(initial=values, **options)
        data = {f"{prefix}-{name}": value for name, value in values.items()}
        return kind(data, **options)

    def refuse(self, words: str) -> None:
        """Say why the rubric cannot be stored so."""
        self.head.add_error(None, words)
        self.is_refused = True

    def is_valid(self, *, version: int) -> bool:
        """Check all entries. `version` is the rubric's as it is stored now."""
        used = [group for group in self.groups if group.is_used]
        rows = [self.head, *(group.form for group in used)]
        rows += [item for group in used for item in group.items]
        faulty = [form for form in rows if not form.is_valid()]
        for group in used:
            if not any(item.has_changed() for item in group.items):
                group.form.add_error(None, "Give the group an item, or remove it.")
                faulty.append(group.form)
        count = sum(item.has_changed() for group in used for item in group.items)
        if count > MOST_ITEMS:
            self.refuse(f"A rubric may have {MOST_ITEMS} items at most.")
        if not faulty and self.head.cleaned_data["version"] != version:
            self.refuse(
                "Somebody else has changed the rubric since you opened this page. Load "
                "it again, and then make your changes."
            )
        self.is_refused = self.is_refused or bool(faulty)
        return not self.is_refused

    @property
    def edited(self) -> EditedRubric:
        """The rubric as it shall be. The form must be valid."""
        return EditedRubric(
            starts=Starts(self.head.cleaned_data["starts"]),
            groups=tuple(
                EditedGroup(items=tuple(_edited_items(group)), **_values(group.form))
                for group in self.groups
                if group.is_used
            ),
        )


def _edited_items(group: GroupForms) -> Iterator[EditedItem]:
    for item in group.items:
        if item.has_changed():
            yield EditedItem(**item.cleaned_data)


def _values(form: RubricGroupForm) -> dict[str, Any]:
    given = form.cleaned_data
    return {**given, "choose": Choose(given["choose"])}


def _with_empty_row(items: list[Entries]) -> list[Entries]:
    """Return the rows with an empty one at the end, into which a new item is written."""
    is_full = not items or any(items[-1].get(name) for name in ("pk", "text", "points"))
    return [*items, {}] if is_full and len(items) < MOST_ITEMS else items


# --- Entries --------------------------------------------------------------------


def entries_of(rubric: Rubric) -> Entries:
    """Return the stored rubric as entries of the form."""
    return {
        "version": rubric.version,
        "starts": rubric.starts,
        "groups": [
            {
                "pk": group.pk,
                "title": group.title,
                "choose": group.choose,
                "maximum": _text(group.maximum),
                "minimum": _text(group.minimum),
                "items": [
                    {"pk": item.pk, "text": item.text, "points": _text(item.points)}
                    for item in group.items.all()
                ],
            }
            for group in rubric.groups.all()
        ],
    }


def entries_sent(data: Mapping[str, str]) -> Entries:
    """Return what the form has sent. Nothing is checked but the number of rows."""
    groups = []
    for number in range(_count(data, "groups", MOST_GROUPS)):
        name = f"group-{number}"
        rows = range(_count(data, f"{name}-items", MOST_ITEMS))
        items = [_sent(data, RubricItemForm, f"{name}-item-{row}") for row in rows]
        group = _sent(data, RubricGroupForm, name)
        groups.append({**group, "items": items})
    return {**_sent(data, RubricHeadForm, "rubric"), "groups": groups}


def entries_written(written: formats_rubric.Rubric, stored: Rubric) -> Entries:
    """Return a rubric that was written as YAML as entries of the form."""
    edited = edited_as_written(stored, written)
    return {
        "version": stored.version,
        "starts": edited.starts.value,
        "groups": [
            {
                "pk": group.pk or "",
                "title": group.title,
                "choose": group.choose.value,
                "maximum": _text(group.maximum),
                "minimum": _text(group.minimum),
                "items": [
                    {
                        "pk": item.pk or "",
                        "text": item.text,
                        "points": _text(item.points),
                    }
                    for item in group.items
                ],
            }
            for group in edited.groups
        ],
    }


def entries_after(entries: Entries, act: str) -> Entries:
    """Return the entries after a button was pressed: `up-item:0:2`, `add-group`.

    An unknown button, or one of a row that is not there, changes nothing.
    """
    changed = copy.deepcopy(entries)
    name, *numbers = act.split(":")
    verb, _, what = name.partition("-")
    at = [_whole(number, MOST_ITEMS) for number in numbers]
    rows = changed["groups"]
    if what == "item" and at and at[0] < len(rows):
        rows = rows[at.pop(0)]["items"]
    elif what == "item":
        return changed
    if verb == "add" and len(rows) < (MOST_ITEMS if what == "item" else MOST_GROUPS):
        rows.append({} if what == "item" else dict(_NEW_GROUP, items=[]))
    elif at and at[0] < len(rows):
        row = rows.pop(at[0])
        if verb != "remove":
            place = at[0] + {"up": -1, "down": 1}.get(verb, 0)
            rows.insert(max(place, 0), row)
    return changed


def _sent(data: Mapping[str, str], kind: type[forms.Form], prefix: str) -> Entries:
    return {name: data.get(f"{prefix}-{name}", "") for name in kind.base_fields}


def _count(data: Mapping[str, str], name: str, most: int) -> int:
    number = _whole(data.get(name, ""), most)
    return number if number <= most else 0


def _whole(text: str, most: int) -> int:
    """Return a whole number from 0 to `most`, and one more for anything else."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    return min(int(text), most + 1) if is_number else most + 1


def _text(points: Decimal | None) -> str:
    """Return points as people write them: 2 for 2.00."""
    return "" if points is None else f"{points.normalize():f}"
