"""No key or slug in an address can be taken for another page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.urls.resolvers import RoutePattern

_PARAMETER: Final = re.compile(r"<(?:([^:>]+):)?([^>]+)>")
# `courses.models.course.validate_course_slug` refuses a course with this slug.
REFUSED: Final = {("courses/<slug:slug>/", "new")}


@dataclass(frozen=True)
class Route:
    """An address of the portal, as it is written, with its converters by name."""

    text: str
    pattern: URLPattern
    converters: tuple[tuple[str, object], ...]

    @property
    def parts(self) -> list[str]:
        return self.text.split("/")


def routes(resolver: URLResolver, before: str = "") -> Iterator[Route]:
    """Yield every address that is written with converters, or without any."""
    for found in resolver.url_patterns:
        if not isinstance(found.pattern, RoutePattern):
            continue
        text = before + str(found.pattern)
        if isinstance(found, URLResolver):
            yield from routes(found, text)
        else:
            yield Route(text, found, tuple(found.pattern.converters.items()))


# The admin's addresses are Django's.
ROUTES: Final = [
    route for route in routes(get_resolver()) if not route.text.startswith("admin/")
]
SAMPLES: Final = ("7", "ab-1", "ABC234", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "a.b")


def fits(converter: object, word: str) -> bool:
    return re.fullmatch(str(getattr(converter, "regex", "")), word) is not None


def example(part: str, converters: dict[str, object]) -> str:
    """Return the part of an address with a value for its parameter."""

    def value(match: re.Match[str]) -> str:
        converter = converters.get(match[2])
        return next(word for word in SAMPLES if fits(converter, word))

    return _PARAMETER.sub(value, part)


def hidden_words(route: Route) -> Iterator[tuple[str, str]]:
    """Yield each word for a parameter with which the address leads to another page."""
    converters = dict(route.converters)
    # Parameters of the included lists are not the pattern's own.
    known = {match[2] for match in _PARAMETER.finditer(route.text)}
    if known - converters.keys():
        return
    parts = [example(part, converters) for part in route.parts]
    for at, part in enumerate(route.parts):
        match = _PARAMETER.fullmatch(part)
        if match is None:
            continue
        words = {
            other.parts[at]
            for other in ROUTES
            if len(other.parts) == len(parts) and "<" not in other.parts[at]
        }
        for word in sorted(words):
            if fits(converters[match[2]], word):
                path = "/".join([*parts[:at], word, *parts[at + 1 :]])
                if resolve(f"/{path}").route != route.text:
                    yield route.text, word


def test_routes_are_found() -> None:
    names = {route.pattern.name for route in ROUTES}
    assert {"marking-next", "marking-work", "material", "course"} <= names
    assert len(ROUTES) > 100


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.text)
def test_no_value_of_an_address_leads_to_another_page(route: Route) -> None:
    assert set(hidden_words(route)) <= REFUSED
