"""Tests may give views, namespaces, files in memory and generators as they are."""

import array
import io
import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from runner.inside.values.codec import CodecError
from tests.runner.inside.grader.test_grader_rules import overheard
from tests.runner.inside.values.test_values import cross, decode
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch

VALUES: tuple[Any, ...] = (
    SimpleNamespace(x=3, y=[1, SimpleNamespace(z=None)]),
    *(array.array("d", [1, 3]), array.array("b"), memoryview(b"ab"), memoryview(b"")),
    *({"a": 1, "b": 2}.keys(), {"a": (1, 2)}.items(), {}.keys(), {(1, 2): 3}.items()),
)


@pytest.mark.parametrize("value", VALUES)
def test_small_values_arrive_unchanged(value: Any) -> None:
    found = cross(value)
    assert type(found) is type(value)
    assert found == value


def test_a_dictionary_s_values_cross_without_its_keys() -> None:
    found = cross({"canary": 1, "b": 1}.values())
    assert type(found) is type({}.values())
    assert list(found) == [1, 1]
    with overheard({"mean": sum}) as (student, heard):
        assert student.name("mean")({"canary-4bf1": 1, "b": 2}.values()) == 3
    assert b"canary" not in heard


REFUSED = {
    "a key twice": {"k": "keys", "v": [1, 1]},
    "no pairs": {"k": "items", "v": [1]},
    "a field that judges": {
        "k": "namespace",
        "v": {"k": "dict", "v": [["count", "h"]]},
    },
    "a field that is no name": {"k": "namespace", "v": {"k": "dict", "v": [[1, 2]]}},
    "a special field": {"k": "namespace", "v": {"k": "dict", "v": [["__class__", 1]]}},
    "no numbers": {"k": "typed", "t": "u", "x": "00"},
    "half a number": {"k": "typed", "t": "d", "x": "00"},
}


@pytest.mark.parametrize("node", REFUSED.values(), ids=REFUSED)
def test_other_views_and_objects_are_refused(node: Any) -> None:
    if "h" in str(node.get("v")):
        node = {"k": "namespace", "v": {"k": "dict", "v": [["count", {"k": "object"}]]}}
    with pytest.raises(CodecError):
        decode(node)


def lines(source: Any) -> Any:
    return [line.strip() for line in source]


def counting() -> Any:
    yield 1
    yield 2


def taken(count: int, items: Any) -> Any:
    return list(itertools.islice(items, count))


NAMES = {
    "lines": lines,
    "taken": taken,
    "counting": counting,
    "echo": lambda x: x,
}


def asked(check: str) -> None:
    with student_with(NAMES, test=check) as student:
        names = {name: student.name(name) for name in NAMES}
        exec(check, {**globals(), **names, "__name__": "checks"})  # noqa: S102 - as the grader does


@pytest.mark.parametrize(
    "check",
    [
        "assert lines(io.StringIO('a\\nb\\n')) == ['a', 'b']",
        "assert lines(io.BytesIO(b'a\\nb')) == [b'a', b'b']",
        "assert taken(3, itertools.count(5, 2)) == [5, 7, 9]",
        "g = counting()\nassert iter(g) is g and list(g) == [1, 2]",
        "assert echo(SimpleNamespace(x=3)).x == 3",
        "assert echo({1: 2}.items()) == {(1, 2)}",
    ],
)
def test_values_that_tests_usually_give_are_sent(check: str) -> None:
    asked(check)


def read(file: Any) -> Any:
    file.readline()
    return file


@pytest.mark.parametrize(
    "file", [io.StringIO(), io.BytesIO(), read(io.StringIO("canary\nb"))]
)
def test_a_file_that_is_written_or_has_been_read_is_refused_by_name(file: Any) -> None:
    with (
        student_with(NAMES) as student,
        pytest.raises(CodecError, match="at its start"),
    ):
        student.name("lines")(file)
