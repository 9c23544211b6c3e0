"""A page of courses has one name: its view, address, template, page object and test."""

import ast
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.urls import URLPattern

from courses import urls

ROOT: Final = Path(settings.BASE_DIR)
# Views without a page, and what the views of several pages share.
WITHOUT_PAGE: Final = {"access", "downloads", "progress", "session_page"}
# What several pages show, or a part of one.
PARTS: Final = {
    *("checklist", "course_search", "due_assignments", "material_items"),
    *("session_items", "todo", "viewer"),
}


def modules(folder: str, suffix: str) -> set[str]:
    names = {path.stem for path in (ROOT / folder).glob(f"*{suffix}")}
    return {name for name in names if not name.startswith(("_", "base_"))}


PAGES: Final = modules("templates/courses", ".html")


def page_imports(view: str) -> set[str]:
    """Return the modules of courses.pages that the view's module imports."""
    tree = ast.parse((ROOT / f"courses/views/{view}.py").read_text())
    found = (node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {
        name.removeprefix("courses.pages.")
        for name in found
        if name and name.startswith("courses.pages.")
    }


def views_by_address() -> dict[str | None, object]:
    rows = [*urls.of_courses, *urls.urlpatterns]
    return {row.name: row.callback for row in rows if isinstance(row, URLPattern)}


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_has_one_name(name: str) -> None:
    view = getattr(import_module(f"courses.views.{name}"), name)
    assert views_by_address()[name.replace("_", "-")] is view
    assert (ROOT / f"tests/courses/pages/test_{name}.py").exists()


def test_module_of_views_is_a_page() -> None:
    assert modules("courses/views", ".py") == PAGES | WITHOUT_PAGE


def test_module_of_pages_is_a_page_or_a_named_part() -> None:
    assert modules("courses/pages", ".py") - PARTS <= PAGES


@pytest.mark.parametrize("name", sorted(PAGES))
def test_view_shows_its_own_page_object(name: str) -> None:
    others = page_imports(name) & PAGES - {name}
    assert not others
    has_object = name in modules("courses/pages", ".py")
    assert has_object == (name in page_imports(name))
