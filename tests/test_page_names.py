"""A page has one name: its view, address, template, page object, form and test."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.urls import URLPattern

ROOT: Final = Path(settings.BASE_DIR)


@dataclass(frozen=True, kw_only=True)
class App:
    """An app with pages, and its modules that belong to no single page.

    `without_page` are modules of views without a page, and what views of several pages
    share. `parts` are what several pages show, or a part of one. `form_parts` are parts
    of forms, and forms of pages that are not the app's own.
    """

    addresses: tuple[str, ...]
    without_page: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    form_parts: frozenset[str] = frozenset()


APPS: Final = {
    "accounts": App(addresses=("accounts.urls",), form_parts=frozenset({"sign_in"})),
    "courses": App(
        addresses=("courses.urls",),
        without_page=frozenset(
            {"access", "downloads", "import_uploads", "progress", "session_page"}
        ),
        parts=frozenset(
            {
                *("checklist", "course_search", "due_assignments", "material_items"),
                *("session_items", "todo", "viewer"),
            }
        ),
        form_parts=frozenset(
            {
                *("form_errors", "module_codes", "moments", "reason"),
                "release_time_fields",
            }
        ),
    ),
    "gradebook": App(
        addresses=("gradebook.urls",),
        parts=frozenset({"course_total", "gradebook_file", "gradebook_rows"}),
    ),
    "grading": App(
        addresses=("grading.urls",),
        without_page=frozenset(
            {
                *("access", "change_words", "live", "own_work_declaration"),
                "run_poll",
                *("marking_desk", "marking_parts"),
            }
        ),
        form_parts=frozenset({"typed_points"}),
        parts=frozenset(
            {
                *("accommodated", "agreed_notice", "earlier_markings"),
                "attempt_history",
                *("attempts", "badges", "failed_cells", "hand_in_status", "late_work"),
                "marked_question",
                "notebook_links",
                *("own_self_checks", "results", "revisions"),
                *("run_links", "run_measures", "run_status", "run_tag", "staff_rows"),
                "submit_form",
                *("marking_cells", "marking_desk", "marking_files", "marking_form"),
                "marking_like",
            }
        ),
    ),
    "portal": App(
        addresses=("portal.urls", "portal.api"),
        without_page=frozenset({"health", "metrics"}),
    ),
    "submissions": App(addresses=("submissions.urls",)),
}


def modules(folder: str, suffix: str = ".py") -> set[str]:
    names = {path.stem for path in (ROOT / folder).glob(f"*{suffix}")}
    return {name for name in names if not name.startswith(("_", "base_"))}


def pages(app: str) -> set[str]:
    return modules(f"templates/{app}", ".html")


PAGES: Final = [(app, page) for app in APPS for page in sorted(pages(app))]


def page_imports(app: str, view: str) -> set[str]:
    """Return the modules of the app's pages that the view's module imports."""
    tree = ast.parse((ROOT / f"{app}/views/{view}.py").read_text())
    found = (node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    prefix = f"{app}.pages."
    return {
        name.removeprefix(prefix) for name in found if name and name.startswith(prefix)
    }


def addresses(app: str) -> Iterator[URLPattern]:
    """Yield the addresses of every list in the app's modules of addresses."""
    for module in map(import_module, APPS[app].addresses):
        for rows in vars(module).values():
            if isinstance(rows, list):
                yield from (row for row in rows if isinstance(row, URLPattern))


def test_every_app_with_views_is_listed() -> None:
    assert {path.parent.name for path in ROOT.glob("*/views")} == set(APPS)
    assert not list(ROOT.glob("*/views.py"))


@pytest.mark.parametrize(("app", "name"), PAGES)
def test_page_has_one_name(app: str, name: str) -> None:
    view = getattr(import_module(f"{app}.views.{name}"), name)
    views = {row.name: row.callback for row in addresses(app)}
    assert views[name.replace("_", "-")] is view
    assert (ROOT / f"tests/{app}/pages/test_{name}.py").exists()


@pytest.mark.parametrize("app", APPS)
def test_module_of_views_is_a_page(app: str) -> None:
    assert modules(f"{app}/views") == pages(app) | APPS[app].without_page


@pytest.mark.parametrize("app", APPS)
def test_module_of_pages_is_a_page_or_a_named_part(app: str) -> None:
    assert modules(f"{app}/pages") - pages(app) == APPS[app].parts


@pytest.mark.parametrize("app", APPS)
def test_module_of_forms_is_a_page_or_a_named_part(app: str) -> None:
    assert modules(f"{app}/forms") - pages(app) == APPS[app].form_parts


@pytest.mark.parametrize(("app", "name"), PAGES)
def test_view_shows_its_own_page_object(app: str, name: str) -> None:
    imported = page_imports(app, name)
    assert not imported & pages(app) - {name}
    has_object = name in modules(f"{app}/pages")
    assert has_object == (name in imported)
