"""A value of the notebook's own class answers no name that its class may answer."""

from typing import Any, Final

import pytest

from runner.inside.grader import refusals
from runner.inside.values.own_names import ANSWERING
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch

_NOTEBOOK: Final = {
    "str": "'a'",
    "float": "1.5",
    "int": "3",
    "tuple": "(1, 2)",
    "list": "[1]",
    "dict": "{'a': 1}",
    "set": "{1}",
    "frozenset": "{1}",
    "bytes": "b'a'",
}
_BODIES: Final = {
    "Answers": "    def __getattr__(self, name): return 5\n",
    "All": "    def __getattribute__(self, name): return 5\n",
    "Method": "    def more(self): return 5\n",
    "Property": "    @property\n    def more(self): return 5\n",
    "Data": "    more = 5\n",
}


def _notebook() -> tuple[dict[str, Any], list[str]]:
    names: dict[str, Any] = {"__name__": "__main__"}
    for kind, value in _NOTEBOOK.items():
        for which, body in _BODIES.items():
            name = f"{which}_{kind}"
            text = f"class {name}({kind}):\n{body}made_{name} = {name}({value})\n"
            exec(text, names)  # noqa: S102 - our own text
    return names, [name for name in names if name.partition("_")[0] in _BODIES]


def test_a_name_of_an_own_class_is_asked_or_refused_in_each_kind_of_value() -> None:
    """`hasattr`, `getattr` with a default and an expected error are no answers, either."""
    names, classes = _notebook()
    with student_with(names, classes=classes, methods=["more"]) as student:
        for name in classes:
            for value, is_made in (
                (student.name(f"made_{name}"), False),
                (student.name(name)(eval(_NOTEBOOK[name.partition("_")[2]])), True),  # noqa: S307 - our own text
            ):
                refusals.forget()
                try:
                    found = getattr(value, "more", "none")
                except TypeError:
                    found = None
                found = found() if callable(found) else found
                assert found == 5 or refusals.first() is not None, (name, is_made)


def test_a_plain_class_of_values_still_has_python_s_own_answer() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec("class Row(list): pass\nrow = Row([1])", names)  # noqa: S102 - our own text
    with student_with(names, classes=["Row"]) as student:
        refusals.forget()
        assert not hasattr(student.name("row"), "more")
        assert refusals.first() is None


def test_a_named_tuple_takes_what_its_class_takes() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    text = (
        "from collections import namedtuple\nXY = namedtuple('XY', 'x y')\n"
        "class Open(XY): pass\nclass Closed(XY): __slots__ = ()\n"
        "def z_of(value): return value.z\n"
    )
    exec(text, names)  # noqa: S102 - our own text
    with student_with(names, classes=["Open", "Closed"]) as student:
        opened, closed = student.name("Open")(1, 2), student.name("Closed")(1, 2)
        opened.z = 3
        with pytest.raises(AttributeError):
            closed.z = 3
        assert (opened.z, opened.x, closed.x) == (3, 1, 1)
        assert student.name("z_of")(opened) == 3
        del opened.z
        with pytest.raises(AttributeError):
            opened.z  # noqa: B018 - it is asked for


def test_each_special_method_that_answers_names_is_one_of_python_s() -> None:
    asked = {name for name in dir(object) if name.endswith("attr__")}
    assert asked | {"__getattr__", "__getattribute__"} == set(ANSWERING)
