"""Remove hidden tests that Otter keeps in a notebook's metadata."""

from typing import Any


def drop_hidden(notebook: dict[str, Any]) -> None:
    """Remove Otter's hidden test cases, or all its metadata if that has no tests."""
    settings = notebook["metadata"].get("otter")
    tests = settings.get("tests") if isinstance(settings, dict) else None
    if not isinstance(tests, dict):
        notebook["metadata"].pop("otter", None)
        return
    settings["tests"] = {
        name: {**spec, "suites": _open_suites(spec)}
        for name, spec in tests.items()
        if isinstance(spec, dict)
    }


def _open_suites(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the suites of a test with only the cases that say they are not hidden."""
    suites = spec.get("suites")
    found = []
    for suite in suites if isinstance(suites, list) else ():
        cases = suite.get("cases") if isinstance(suite, dict) else None
        if isinstance(cases, list):
            kept = [
                case
                for case in cases
                if isinstance(case, dict) and case.get("hidden") is False
            ]
            found.append({**suite, "cases": kept})
    return found
