"""Every filter of the API has a type that limits its input."""

from typing import Any, Final

import pytest
from django.test import Client
from django_filters import rest_framework as filters

from accounts.api.filters import (
    MAX_NUMBER,
    BooleanFilter,
    ChoiceFilter,
    MomentFilter,
    NumberFilter,
    PatternFilter,
    SlugFilter,
)
from courses.api.filters import OfAssignmentFilter, OfCourseFilter, WorkOfCourseFilter
from portal.api import router
from tests.api.asking import ROOT, codes, session_of
from tests.factories import UserFactory

# Another type fails the test: first check how its field handles a long text.
BOUNDED: Final = {
    BooleanFilter,
    ChoiceFilter,
    filters.CharFilter,
    filters.UUIDFilter,
    MomentFilter,
    NumberFilter,
    PatternFilter,
    SlugFilter,
    OfCourseFilter,
    OfAssignmentFilter,
    WorkOfCourseFilter,
}
_FILTERSETS: Final[list[tuple[str, Any]]] = [
    (prefix, getattr(viewset, "filterset_class", None))
    for prefix, viewset, _ in router.registry
]
FILTERS: Final[list[tuple[str, str, filters.Filter]]] = [
    (prefix, name, each)
    for prefix, filterset in _FILTERSETS
    if filterset is not None
    for name, each in filterset.base_filters.items()
]
NUMBERS: Final = [
    (prefix, name) for prefix, name, each in FILTERS if isinstance(each, NumberFilter)
]
BAD: Final = [
    "-1e300000",
    "1e1000000",
    "9" * 4000,
    "99999999999",
    str(MAX_NUMBER + 1),
    "-1",
    "1.5",
    "0x10",
    "٣",
    "1_0",
    "nan",
    "1\x00",
]


@pytest.fixture
def student(db: None) -> Client:
    return session_of(UserFactory.create())


def ascii_start(value: str) -> str:
    return ascii(value[:12])


def subclasses(kind: type[Any]) -> set[type[Any]]:
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


def test_every_filter_has_a_bounded_type() -> None:
    assert len(NUMBERS) >= 10
    assert {type(each) for _, _, each in FILTERS} <= BOUNDED


def test_filterset_outside_the_router_has_bounded_filters_too() -> None:
    ours = {
        kind
        for kind in subclasses(filters.FilterSet)
        if kind.__module__.split(".")[0] != "django_filters"
    }
    kinds = {type(each) for kind in ours for each in kind.base_filters.values()}
    assert kinds <= BOUNDED


@pytest.mark.parametrize(("prefix", "name"), NUMBERS)
@pytest.mark.parametrize("value", BAD, ids=lambda value: value[:12])
def test_malformed_number_is_refused_by_its_name(
    prefix: str, name: str, value: str, student: Client
) -> None:
    answer = student.get(f"{ROOT}{prefix}/", {name: value})
    assert answer.status_code == 400
    assert {where for _, where in codes(answer)} == {name}


@pytest.mark.parametrize(("prefix", "name"), NUMBERS)
@pytest.mark.parametrize("value", ["0", "7", " 7 ", str(MAX_NUMBER)])
def test_whole_number_is_accepted(
    prefix: str, name: str, value: str, student: Client
) -> None:
    answer = student.get(f"{ROOT}{prefix}/", {name: value})
    if name == "assignment":  # valid, but no such row
        assert codes(answer) == {("unknown_assignment", name)}
    else:
        assert answer.status_code == 200


@pytest.mark.parametrize("name", ["page", "page_size"])
@pytest.mark.parametrize("value", BAD, ids=lambda value: value[:12])
def test_bad_number_of_a_page_is_refused_by_its_name(
    name: str, value: str, student: Client
) -> None:
    answer = student.get(f"{ROOT}courses/", {name: value})
    assert answer.status_code == 400
    assert {where for _, where in codes(answer)} == {name}


@pytest.mark.parametrize(("prefix", "name"), sorted({(p, n) for p, n, _ in FILTERS}))
@pytest.mark.parametrize(
    "value", ["\x00", "x" * 8000, "9" * 8000, "\ufffd"], ids=ascii_start
)
def test_no_text_in_a_filter_is_an_internal_error(
    prefix: str, name: str, value: str, student: Client
) -> None:
    answer = student.get(f"{ROOT}{prefix}/", {name: value})
    assert answer.status_code in {200, 400}
