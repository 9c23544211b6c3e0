"""Choices shared by files and models have one list of values, each with a label."""

import copy
import pickle

import pytest
from django.apps import apps
from django.db import models

from formats import choices
from formats.choices import Choice, Role, Weekday


def sharing() -> list[type[Choice]]:
    """Return the lists that files and models share: those of formats.choices."""
    module = choices.__name__
    return [each for each in Choice.__subclasses__() if each.__module__ == module]


@pytest.mark.parametrize("kind", sharing())
def test_every_value_has_a_label(kind: type[Choice]) -> None:
    assert [value for value, label in kind.choices if label] == kind.values
    assert len({label for _, label in kind.choices}) == len(kind)


def test_a_member_as_text_is_its_value() -> None:
    assert (Role.STUDENT, str(Role.STUDENT), f"{Role.STUDENT}") == ("student",) * 3
    assert Role("student") is Role.STUDENT
    assert pickle.loads(pickle.dumps(Role.STUDENT)) is Role.STUDENT  # noqa: S301
    assert copy.deepcopy(Role.STUDENT) is Role.STUDENT


def test_days_have_their_usual_names() -> None:
    assert [Weekday(0).label, Weekday(6).label] == ["Monday", "Sunday"]


def test_every_shared_list_is_the_choices_of_a_field() -> None:
    """A list with the same values in another order would belong to another field."""
    offered = [
        list(field.flatchoices)
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, models.CharField) and field.choices
    ]
    for kind in sharing():
        assert kind.choices in offered, kind
    styles = choices.TEST_STYLE_LABELS.items()
    assert [(style.value, label) for style, label in styles] in offered
