"""Which names a notebook defines, found from its code alone."""

from typing import Any

import pytest

from formats.assignment.definitions import definitions_of, rebound_names


def notebook(*sources: str) -> dict[str, Any]:
    return {
        "cells": [
            {"cell_type": "code", "metadata": {}, "source": source}
            for source in sources
        ]
    }


@pytest.mark.parametrize(
    "source",
    [
        *(
            "a = 1",
            "a: int = 1",
            "a += 1",
            "b = a = 1",
            "(a, [b, *c]) = f()",
            "(a := 1)",
        ),
        *("def a(): pass", "async def a(): pass", "class a: pass", "for a in x: pass"),
        *("with x as a: pass", "async with x as (a, b): pass", "[a := i for i in x]"),
        *("if x:\n    a = 1", "try: pass\nexcept E as a: pass", "print(a := 1)"),
        *("match x:\n    case [*a]: pass", "match x:\n    case {**a}: pass"),
        *("match x:\n    case int() as a: pass", "def f():\n    global a\n    a = 1"),
        *("a = await f()", "%matplotlib inline\na = 1", "!pip install x\na = 1"),
        *(
            "%time a = f()",
            "%%time\na = 1",
            "%%capture out\na = 1",
            "a = !ls",
            "a = %pwd",
        ),
        *(
            "a?\na = 1",
            "print a\na = 1",
            "def a(x):\n  broken(",
            "lambda x=(a := 1): x",
        ),
    ],
)
def test_names_bound_at_the_top_level_are_defined(source: str) -> None:
    assert "a" in definitions_of(notebook(source)).names
    assert "a" in rebound_names(source)


@pytest.mark.parametrize(
    "source",
    [
        *("a", "a.b = 1", "a[0] = 1", "[a for a in x]", "def f(a): a = 1", "f(a=1)"),
        *(
            "class C:\n    a = 1",
            "lambda a: a",
            "%%bash\na=1",
            "%%writefile x.py\na = 1",
        ),
        *("lambda: (a := 1)", "# a = 1", "x = 'a = 1'", "del a", "import a", "a == 1"),
    ],
)
def test_names_bound_elsewhere_are_not_defined(source: str) -> None:
    assert "a" not in definitions_of(notebook(source)).names
    assert "a" not in rebound_names(source)


def test_an_imported_name_is_defined_only_where_it_is_bound_again() -> None:
    imports = "from math import a, b\nimport c"
    assert definitions_of(notebook(imports)).names == frozenset()
    assert definitions_of(notebook(imports, "def a(): pass")).names == {"a"}
    assert rebound_names(imports) == {"a", "b"}
    assert rebound_names("from x import *") == {"*"}


@pytest.mark.parametrize(
    "source",
    [
        *("class A(B): pass", "if x:\n    class A: pass", "A = namedtuple('A', 'x')"),
        *("A = type('A', (), {})", "A = dataclasses.make_dataclass('A', [])"),
        *("class A:\n  broken(", "%time\nclass A: pass"),
    ],
)
def test_classes_are_distinguished_from_other_names(source: str) -> None:
    found = definitions_of(notebook(source, "a = A()\nT = type(a)"))
    assert found.classes == {"A"}
    assert {"A", "a", "T"} <= found.names


@pytest.mark.parametrize(
    "source",
    [
        *("class A:\n    def a(self): pass", "class A:\n    a: int = 1\n    b = 2"),
        *("class A:\n    @property\n    async def a(self): pass", "x.a = 1"),
        *("class A:\n    def f(self): self.a = 1", "def f(g):\n    g.a, g.b = 1, 2"),
        *("A = namedtuple('A', 'a b')", "A = make_dataclass('A', ['a', 'b'])"),
        *("class A:\n    if x:\n        def a(self): pass", "class A:\n  def a(broken"),
        "def f():\n    class A:\n        def a(self): pass",
    ],
)
def test_methods_and_attributes_of_objects_are_found(source: str) -> None:
    found = definitions_of(notebook(source))
    assert "a" in found.methods
    assert "a" not in found.names | rebound_names(source)


def test_text_cells_define_nothing() -> None:
    cell = {"cell_type": "markdown", "metadata": {}, "source": ["a = 1"]}
    assert definitions_of({"cells": [cell]}).names == frozenset()


VOCABULARY = """
class Vocab:
    def __contains__(self, word): return True
class Bytes(Vocab): pass
class Deep(Bytes): pass
class Plain: pass
"""
CONTAINERS = {
    "vocab = Vocab()": True,
    "if True:\n    vocab = Deep([1])": True,
    "a = vocab = Bytes()": True,
    "vocab = Plain()": False,
    "vocab = Vocab": False,
    "vocab = build()": False,
    "vocab = Vocab()\nvocab = [1]": False,
    "vocab = Vocab()\nfor vocab in []: pass": False,
    "vocab = Vocab()\ndef f():\n    global vocab\n    vocab = []": False,
    "vocab = []\ndef f():\n    vocab = Vocab()": False,
    "vocab = Vocab()\nprint(": False,
    "vocab = Plain()\nvocab = Vocab()": False,
}


@pytest.mark.parametrize("source", CONTAINERS)
def test_a_name_that_always_has_an_object_with_contains_is_known(source: str) -> None:
    sources = [VOCABULARY, "import vocabulary", source]
    found = definitions_of(notebook(*sources))
    assert ("vocab.__contains__" in found.methods) is CONTAINERS[source]
    again = definitions_of(notebook(*sources, "def vocab(): pass"))
    assert "vocab.__contains__" not in again.methods
