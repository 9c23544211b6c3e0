"""The forms in which lecturers say what counts for the course mark."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.forms import modelformset_factory

from courses.models import Assignment, Component, Course
from courses.models.texts import texts_of
from formats.letter_scale import LETTER_SCALES
from gradebook.services.formula_settings import (
    COMPONENT_FIELDS,
    COURSE_FIELDS,
    SHARE_FIELDS,
    FormulaEdit,
    formula_version,
)

_MOST_COMPONENTS: Final = 40
_MOST_SHARES: Final = 500


class ComponentForm(forms.ModelForm[Component]):
    """A part of the course mark: its weight and its rule."""

    class Meta:
        model = Component
        fields = COMPONENT_FIELDS
        labels = {
            "kind": "Kind",
            "weight_percent": "Weight in %",
            "split": "How its coursework is weighed",
            "drop_lowest": "How many are dropped",
            "best_count": "How many count at most",
            "required_percent": "Needed to pass the course, in %",
            "is_extra_credit": "Extra credit",
            "module_code": "Only for students of",
            "note": "Note for students",
        }
        widgets = {"note": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _write_short(self, "weight_percent", "required_percent")
        # A new part belongs to the course before it is checked.
        self.instance.course = course
        codes = texts_of(course.module_codes)
        known = [(code, code) for code in codes]
        if len(codes) > 1 or self.instance.module_code:
            stored = self.instance.module_code
            if stored and stored not in codes:
                known.append((stored, stored))
            self.fields["module_code"] = forms.ChoiceField(
                choices=[("", "All students"), *known],
                required=False,
                label=self.Meta.labels["module_code"],
            )
        else:
            del self.fields["module_code"]

    @property
    def has_rule(self) -> bool:
        """Whether a rule differs from that of a new part, or has an error."""
        rules = ("split", "drop_lowest", "best_count", "required_percent")
        new = Component()
        is_set = any(
            getattr(self.instance, name) != getattr(new, name)
            for name in (*rules, "is_extra_credit")
        )
        return is_set or any(name in self.errors for name in self.fields)


class ShareForm(forms.ModelForm[Assignment]):
    """The part that a piece of coursework belongs to, and its share."""

    class Meta:
        model = Assignment
        fields = SHARE_FIELDS
        labels = {
            "component": "Part",
            "weight_percent": "Share in %",
            "is_extra_credit": "Extra credit",
        }

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _write_short(self, "weight_percent")
        part: Any = self.fields["component"]
        part.queryset = course.components.all()
        part.empty_label = "None: by itself"


class CourseTotalForm(forms.ModelForm[Course]):
    """How the total of the course is shown, and the formula that the editor has seen."""

    version = forms.CharField(max_length=64, widget=forms.HiddenInput)

    class Meta:
        model = Course
        fields = COURSE_FIELDS
        labels = {
            "letter_scale": "Letters",
            "total_decimals": "Decimals of the total",
        }
        widgets = {
            "letter_scale": forms.TextInput(attrs={"list": "letter-scales"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["version"] = formula_version(self.instance)


def _write_short(form: forms.ModelForm[Any], *names: str) -> None:
    """Show stored percentages without zeros at their end."""
    for name in names:
        value = form.initial.get(name)
        if isinstance(value, Decimal):
            form.initial[name] = f"{value.normalize():f}"


class _Components(forms.BaseModelFormSet[Component, ComponentForm]):
    """The parts of a course, and a new one."""

    def add_fields(self, form: ComponentForm, index: int | None) -> None:
        """Add the fields of the set, and say what *Delete* removes."""
        super().add_fields(form, index)
        form.fields["DELETE"].label = "Remove this part"


ComponentFormSet = modelformset_factory(
    Component,
    form=ComponentForm,
    formset=_Components,
    extra=1,
    can_delete=True,
    max_num=_MOST_COMPONENTS,
    absolute_max=_MOST_COMPONENTS + 10,
    validate_max=True,
)
ShareFormSet = modelformset_factory(
    Assignment,
    form=ShareForm,
    extra=0,
    max_num=_MOST_SHARES,
    absolute_max=_MOST_SHARES,
    edit_only=True,
)


class FormulaForms:
    """All forms of the page. `course` gets the entered values."""

    scales = LETTER_SCALES

    def __init__(
        self, course: Course, entered: Mapping[str, Any] | None = None
    ) -> None:
        self.course = course
        self.total = CourseTotalForm(entered, instance=course)
        self.components = ComponentFormSet(
            entered,
            prefix="part",
            queryset=course.components.order_by("position", "title"),
            form_kwargs={"course": course},
        )
        self.shares = ShareFormSet(
            entered,
            prefix="share",
            queryset=course.assignments.select_related("course").order_by(
                "due_at", "pk"
            ),
            form_kwargs={"course": course},
        )
        self.refusal = ""

    def is_valid(self) -> bool:
        """Return whether everything that was entered can be stored."""
        # Each says what is wrong with it.
        found = [each.is_valid() for each in (self.total, self.components, self.shares)]
        return all(found)

    @property
    def has_errors(self) -> bool:
        """Whether something that was entered cannot be stored."""
        errors = (self.total.errors, *self.components.errors, *self.shares.errors)
        return bool(self.refusal) or any(errors) or bool(self.set_errors)

    @property
    def set_errors(self) -> list[str]:
        """What is wrong with all parts, or with all coursework, together."""
        if not self.total.is_bound:
            return []
        sets = (self.components, self.shares)
        return [str(error) for each in sets for error in each.non_form_errors()]

    @property
    def edit(self) -> FormulaEdit:
        """The formula that valid forms give."""
        removed = {form.instance.pk for form in self.components.deleted_forms}
        return FormulaEdit(
            course=self.course,
            version=self.total.cleaned_data["version"],
            components=[form.instance for form in self._kept()],
            assignments=[form.instance for form in self.shares.forms],
            removed=frozenset(key for key in removed if key),
        )

    def _kept(self) -> Iterator[Any]:
        """Yield the forms of the parts that stay, and of a new one."""
        for form in self.components.forms:
            is_empty = not form.instance.pk and not form.has_changed()
            if not is_empty and form not in self.components.deleted_forms:
                yield form
