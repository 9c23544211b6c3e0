"""A module's name says what is in it: modules with one name have one subject."""

from collections import defaultdict
from pathlib import Path
from typing import Final

MOST_LINES: Final = 400
ROOT: Final = Path(__file__).resolve().parents[2]
# Names that have a meaning in every Django app.
DJANGO: Final = frozenset(
    (
        *("__init__", "__main__", "admin", "apps", "filters", "forms", "models"),
        *(
            "permissions",
            "querysets",
            "serializers",
            "services",
            "tasks",
            "urls",
            "views",
            "viewsets",
        ),
    )
)
# A page has one name in all its parts, and in the services and models behind it.
PARTS: Final = frozenset(
    (
        "models",
        "querysets",
        "services",
        "pages",
        "views",
        "forms",
        "admin",
        "api",
        "worker",
        "commands",
    )
)
# One subject in two layers: nbgrader's format and nbgrader itself.
ONE_SUBJECT: Final = frozenset(
    (
        *("arrays", "assessment", "calendar", "doctor", "downloads", "errors"),
        *("allocation", "declaration", "hand_points", "rubric"),
        *("execution", "launch", "materials", "members", "nbgrader", "otter", "people"),
        *("roster", "states", "tensors", "timetable", "totals", "trials"),
    )
)


def modules() -> dict[str, list[Path]]:
    """Return the folders that have a module of each name."""
    found: dict[str, list[Path]] = defaultdict(list)
    for top in ("accounts", "bench", "courses", "formats", "portal"):
        add(found, ROOT / top)
    for top in ("gradebook", "grading", "rendering", "runner"):
        add(found, ROOT / top)
    for top in ("storage", "submissions"):
        add(found, ROOT / top)
    add(found, ROOT / "cli" / "softmark_cli")
    return found


def add(found: dict[str, list[Path]], top: Path) -> None:
    for path in top.rglob("*.py"):
        if "migrations" not in path.parts:
            found[path.stem].append(path.relative_to(ROOT).parent)


def test_no_module_is_longer_than_400_lines() -> None:
    """The settings are an exception: one list, which is read as one."""
    long = {
        str(folder / f"{name}.py"): lines
        for name, folders in modules().items()
        for folder in folders
        if (lines := (ROOT / folder / f"{name}.py").read_text().count("\n"))
        > MOST_LINES
    }
    assert set(long) == {"portal/settings.py"}, long


def test_no_module_name_has_two_meanings() -> None:
    doubled = {
        name: sorted(map(str, folders))
        for name, folders in modules().items()
        if len(folders) > 1
        and name not in DJANGO | ONE_SUBJECT
        and not all(folder.name in PARTS for folder in folders)
    }
    assert doubled == {}
