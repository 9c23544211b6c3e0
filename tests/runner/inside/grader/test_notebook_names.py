"""A test reads each name of the notebook as the student's code has left it."""

from typing import Any

import numpy as np
import pytest

from runner.host.runner import Runner
from runner.inside.grader import notebook_names
from runner.inside.grader.names import AllNames, Library, Names
from runner.protocol.jobs import TestStyle
from tests.runner.inside.grader.test_test_styles import own, run
from tests.runner.notebooks import scores
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch

NOTEBOOK = """
import numpy as np
counter, data, registry, weights = 0, [1, 2, 3], {}, np.zeros(3)
config = {"lr": 0.1}
class Cache:
    def __init__(self): self.held = {1: 1, 2: 2}
    def __len__(self): return len(self.held)
    def __iter__(self): return iter(self.held)
cache = Cache()
def increment():
    global counter
    counter += 1
def total(values): return sum(values)
def register(name): registry[name] = len(registry)
def train(): config["lr"] = 99
def step(): weights[:] += 1
def clear(): cache.held.clear()
def renew():
    global cache
    cache = Cache()
def stepping():
    increment()
    yield counter
"""
SCRIPTS = {
    "a number": "increment()\nassert counter == 1\nincrement()\nassert counter == 2",
    "a dictionary": "assert registry == {}\nregister('a')\nassert registry == {'a': 0}",
    "an array": "step()\nassert weights.sum() == 3\nstep()\nassert weights[0] == 2",
    "an object": "assert len(cache) == 2\nclear()\nassert len(cache) == 0",
    "another object": "clear()\nassert list(cache) == []\nrenew()\n"
    "assert list(cache) == [1, 2]",
    "a generator's work": "for seen in stepping(): assert counter == seen",
    "its own change": "data.append(4)\nassert total(data) == 10\nassert len(data) == 4",
    "one and the same": "a = data\nincrement()\nassert a is data",
    "the module": "import __main__\nincrement()\nassert __main__.counter == 1\n"
    "increment()\nassert __main__.counter == 2",
    "in a class": "class Case:\n    'Words.'\n    two = total([1, 1])\n"
    "    def three(self): return self.two + total([1])\nassert Case().three() == 3\n"
    "assert Case.__doc__ == 'Words.'",
    "a name taken away": "total\ndel total\nassert 'total' not in globals()",
}


@pytest.mark.parametrize("source", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_reads_the_current_value_of_a_name(
    runner: Runner, source: str
) -> None:
    names = {"defined_names": ("total", "counter", "data")}
    result = run(runner, own(TestStyle.SCRIPT, source), NOTEBOOK, **names)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


def test_a_doctest_reads_the_current_value_of_a_name(runner: Runner) -> None:
    source = ">>> counter\n0\n>>> increment()\n>>> counter\n1\n>>> increment()\n>>> counter\n2"
    assert scores(run(runner, own(TestStyle.DOCTEST, source), NOTEBOOK)) == {"q1": [1]}


def test_a_forbidden_change_of_a_value_is_noticed(runner: Runner) -> None:
    source = "before = dict(config)\ntrain()\nassert config == before"
    assert scores(run(runner, own(TestStyle.SCRIPT, source), NOTEBOOK)) == {"q1": [0]}


def notebook() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(NOTEBOOK, names)  # noqa: S102 - a notebook of our own
    return names


def test_cases_read_the_current_value_of_a_name() -> None:
    with student_with(notebook(), lives=True) as student:
        env = AllNames(student)
        for count in range(3):
            assert env["counter"] == count
            env["increment"]()
        assert "missing" not in env


def test_a_value_is_sent_again_only_if_it_has_changed() -> None:
    names = notebook()
    with student_with(names, lives=True) as student:
        env, ask = Names(student, Library({})), student.ask
        asked: list[tuple[object, ...]] = []

        def heard(operation: str, *arguments: object) -> Any:
            if operation in {"name", "same"} and arguments == ("data",):
                asked.append((operation, *arguments))
            return ask(operation, *arguments)

        student.ask = heard  # type: ignore[method-assign]  # to hear it
        data = env["data"]
        for _ in range(2):
            env["increment"]()
            assert env["data"] is data
        names["data"].append(4)
        env["increment"]()
        assert env["data"] == [1, 2, 3, 4] != data
    assert asked == [
        *(("name", "data"), ("same", "data"), ("same", "data")),
        *(("same", "data"), ("name", "data")),
    ]


CHANGES: dict[str, Any] = {
    "append": lambda copy: copy["items"].append(1),
    "put an object in": lambda copy: copy.update(own=object()),
    "an array within": lambda copy: copy["array"].fill(7),
    "another dtype": lambda copy: copy.update(array=copy["array"].astype("f4")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_value_that_the_test_has_changed_is_kept(change: Any) -> None:
    names: dict[str, Any] = {"value": {"items": [], "array": np.zeros(2)}}
    names["touch"] = lambda: names["value"].update(more=1)
    with student_with(names, lives=True) as student:
        env = Names(student, Library({}))
        copy = env["value"]
        change(copy)
        for _ in range(2):
            env["touch"]()
            assert env["value"] is copy


def test_a_large_value_is_fetched_once() -> None:
    names: dict[str, Any] = {"large": np.zeros(2**18), "small": np.zeros(2**16)}
    names["touch"] = lambda: [names[one].fill(1) for one in ("large", "small")] and None
    with student_with(names, lives=True) as student:
        env = Names(student, Library({}))
        before = env["large"], env["small"]
        env["touch"]()
        assert env["large"] is before[0]
        assert env["small"].sum() == 2**16


def test_a_name_that_the_student_s_code_deleted_is_undefined() -> None:
    names = notebook()
    names["drop"] = lambda: names.pop("data") and None
    with student_with(names, lives=True) as student:
        env = Names(student, Library({}))
        assert env["data"] == [1, 2, 3]
        env["drop"]()
        with pytest.raises(NameError):
            env["data"]


def test_a_large_value_is_compared_a_limited_number_of_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = notebook()
    with student_with(names, lives=True) as student:
        env = Names(student, Library({}))
        monkeypatch.setattr(notebook_names, "_MOST", 5 * 1024)
        sums = []
        for _ in range(20):
            env["step"]()
            sums.append(int(env["weights"][0]))
    assert sums[:3] == [1, 2, 3]
    assert len(set(sums[-3:])) == 1
