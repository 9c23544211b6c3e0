"""How a notebook differs from the hand-out, cell by cell."""

import time
from typing import Any

from formats.notebook.cell_changes import Change, cell_changes


def cell(source: str, name: str = "", kind: str = "code") -> dict[str, Any]:
    found: dict[str, Any] = {"cell_type": kind, "source": source, "metadata": {}}
    return {**found, "id": name} if name else found


def kinds(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    return [each.kind.value for each in cell_changes(before, after)]


def test_cells_with_an_id_are_compared_wherever_they_stand() -> None:
    before = [cell("a = 1", "one"), cell("b\nc\nd", "two"), cell("old", "three")]
    after = [cell("new", "four"), cell("b\nX\nd", "two"), cell("a = 1", "one")]
    found = cell_changes(before, after)
    assert [(each.kind, each.place) for each in found] == [
        (Change.ADDED, 0),
        (Change.CHANGED, 1),
        (Change.SAME, 2),
        (Change.REMOVED, -1),
    ]
    assert [(line.sign, line.text) for line in found[1].lines] == [
        *((" ", "b"), ("-", "c"), ("+", "X"), (" ", "d"))
    ]


def test_without_ids_text_and_place_say_which_cells_are_the_same() -> None:
    before = [cell("# Task", kind="markdown"), cell("pass"), cell("end")]
    after = [
        cell("# Task", kind="markdown"),
        *(cell("return 1"), cell("more"), cell("end")),
    ]
    assert kinds(before, after) == ["same", "changed", "added", "same"]
    nbgrader = {"nbgrader": {"grade_id": "q1"}}
    moved = [cell("x"), {**cell("mine"), "metadata": nbgrader}]
    assert kinds([{**cell("pass"), "metadata": nbgrader}], moved) == [
        *("added", "changed")
    ]


def test_strange_cells_and_many_long_ones_are_compared_in_little_time() -> None:
    odd: list[Any] = [{}, {"source": [1, "x"], "metadata": []}]
    assert kinds(odd, odd) == ["same", "same"]
    before = [cell("\n".join(f"a{n}" for n in range(299)), f"{n}") for n in range(400)]
    after = [cell("\n".join(f"b{n}" for n in range(299)), f"{n}") for n in range(400)]
    started = time.process_time()
    assert set(kinds(before, after)) == {"changed"}
    assert time.process_time() - started < 3
