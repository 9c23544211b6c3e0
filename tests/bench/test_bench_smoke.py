"""The benchmarks' own rules, tested on made-up timings without running a peer."""

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from bench.__main__ import parse
from bench.breakdown import IN_ALL, Breakdown, medians
from bench.measured_notebooks import EMPTY, LIGHT, SMALL
from bench.ours import Ours, job_spec
from bench.peers import nbgrader, otter
from bench.report import Report
from bench.series import Series, take_turns
from bench.setting import Findings
from bench.spans import END, FILL, SET_UP, TAKE, TEAR_DOWN
from bench.targets import (
    Row,
    at_least_as_fast,
    at_least_as_many,
    at_most,
    little_on_top,
)
from bench.work import Work, to_notebook
from runner.host.runner import Runner


def series(*values: float) -> Series:
    return Series(values=values)


def test_contestants_alternate_and_warm_ups_do_not_count() -> None:
    order: list[str] = []

    def run(name: str) -> float:
        order.append(name)
        return float(len(order))

    taken = take_turns(
        {"a": lambda: run("a"), "b": lambda: run("b")}, repeats=2, warm_ups=1
    )
    assert order == ["a", "b"] * 3
    assert taken == {"a": series(3, 5), "b": series(4, 6)}


OURS, SLOW = series(0.2, 0.3, 0.25), series(5.0, 4.0, 9.0)
ROWS = [
    (at_least_as_fast("w", OURS, "p", SLOW, times=15), True, "20.0x"),
    (at_least_as_fast("w", OURS, "p", SLOW, times=21), False, "20.0x"),
    (at_least_as_many("w", SLOW, "p", OURS, times=20), True, "20.0x"),
    (at_most("w", OURS, "p", series(0.05), seconds=0.25), True, "5.0x the peer"),
    (at_most("w", OURS, "p", series(0.05), seconds=0.24), False, "5.0x the peer"),
    (little_on_top("w", OURS, "p", series(0.2)), True, "+50 ms (+25%)"),
    (little_on_top("w", OURS, "p", series(0.1)), False, "+150 ms (+150%)"),
    (little_on_top("w", series(10.4), "p", series(10)), True, "+400 ms (+4%)"),
    (little_on_top("w", series(10.6), "p", series(10)), False, "+600 ms (+6%)"),
]


@pytest.mark.parametrize(("row", "reached", "compared"), ROWS)
def test_a_target_is_reached_or_missed(row: Row, reached: bool, compared: str) -> None:  # noqa: FBT001 - a column of the table
    assert (row.reached, row.compared) == (reached, compared)


@pytest.fixture
def report() -> Report:
    breakdown = Breakdown(
        title="Where the time goes",
        note="A note.",
        columns={
            "peer": {"in all": 2.0},
            "ours": medians([{"start": 0.02, "in all": 0.3}] * 3),
        },
    )
    rows = tuple(row for row, _, _ in ROWS[:3])
    return Report(
        facts={"kernel": "Linux"},
        findings=[Findings(rows=rows, breakdowns=(breakdown,))],
    )


def test_the_report_is_a_table_for_the_terminal(report: Report) -> None:
    lines = report.text().splitlines()
    assert any(
        "250 ms (200 ms to 300 ms, n = 3)" in line and line.endswith("missed")
        for line in lines
    )
    assert "start   -       20 ms" in lines
    assert "in all  2.00 s  300 ms" in lines


def test_the_report_is_a_document(report: Report) -> None:
    text = report.markdown()
    assert text.startswith("# Benchmarks\n")
    assert "| w | 5.0 /min (4.0 to 9.0, n = 3) | p |" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in tables} == {3, 8, 4}


@pytest.mark.parametrize("work", [SMALL, LIGHT])
def test_every_format_holds_the_same_questions(work: Work) -> None:
    points = sum(question.points for question in work.questions)
    assert 0 < work.earned < points
    staff = json.loads(nbgrader.staff_notebook(work))
    marks = [one["metadata"].get("nbgrader", {}) for one in staff["cells"]]
    assert sum(mark.get("points", 0) for mark in marks) == points
    assert otter.student_notebook(work).count("grader.check") == len(work.questions)
    assert [one.key for one in job_spec(work).questions] == [
        question.key for question in work.questions
    ]
    for question in work.questions:
        compile(otter.test_file(question), question.key, "exec")


def test_answers_go_to_their_places_in_the_released_notebook() -> None:
    staff = json.loads(nbgrader.staff_notebook(SMALL))
    for cell in staff["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = "raise NotImplementedError"
    released = to_notebook(staff["cells"])
    sources = [
        cell["source"]
        for cell in json.loads(nbgrader.handed_in(released, SMALL))["cells"]
        if not cell["metadata"].get("nbgrader", {}).get("grade")
    ]
    assert sources == SMALL.sources


def test_rows_are_chosen_by_number() -> None:
    assert parse(["--peers", "p", "--rows", "1,3"]).rows == [1, 3]
    with pytest.raises(SystemExit):
        parse(["--peers", "p", "--rows", "9"])


@pytest.fixture(scope="module")
def ours() -> Iterator[Ours]:
    with closing(Runner({"default": ""})) as runner:
        yield Ours(runner)


@pytest.mark.torch
@pytest.mark.parametrize("work", [EMPTY, LIGHT, SMALL])
def test_our_side_gives_the_points_that_peers_must_give(ours: Ours, work: Work) -> None:
    assert ours.run(work).seconds > 0


@pytest.mark.torch
def test_our_phases_add_up(ours: Ours) -> None:
    labels = [f"cell {number}" for number in range(len(LIGHT.steps))]
    found = dict(ours.phases(LIGHT.ungraded(), labels))
    assert list(found) == [
        *(TAKE, FILL, SET_UP),
        *labels,
        *(END, TEAR_DOWN, "the rest", IN_ALL),
    ]
    assert min(found.values()) > 0
    total = found.pop(IN_ALL)
    assert sum(found.values()) == pytest.approx(total)
