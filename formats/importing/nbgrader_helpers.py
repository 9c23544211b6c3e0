"""Copy definitions into nbgrader test cells that use names of test cells above them."""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from formats.importing.reads import reads_of


@dataclass(frozen=True, kw_only=True)
class _Definition:
    """A statement of a test cell, with the names that it needs."""

    place: int
    source: str
    uses: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class CodeCell:
    """A cell of the notebook: the names that it binds, and its tests, if any."""

    binds: Collection[str]
    tests: str = ""


@dataclass(frozen=True, kw_only=True)
class StandaloneTests:
    """A test cell's code, below the definitions of other cells that it needs."""

    source: str
    names: tuple[str, ...]


def standalone_tests(cells: Iterable[CodeCell]) -> list[StandaloneTests]:
    """Return the tests of each cell in a form that runs without the cells above.

    A name that the notebook bound last is left to the notebook. Only imports,
    functions, classes and plain assignments of hidden tests are copied.
    """
    known: dict[str, _Definition] = {}
    place = 0
    helped = []
    for cell in cells:
        found = _needed(reads_of(cell.tests).all, known)
        parts = {known[name].place: known[name].source for name in found}
        above = [f"{parts[number]}\n\n" for number in sorted(parts)]
        source = "\n".join([*above, cell.tests])
        helped.append(StandaloneTests(source=source, names=tuple(found)))
        lines = cell.tests.split("\n")
        for node in ast.parse(cell.tests).body:
            place += 1
            text = statement_text(lines, node)
            definition = _Definition(place=place, source=text, uses=reads_of(text).all)
            known.update(dict.fromkeys(_binds(node), definition))
        for name in cell.binds:
            known.pop(name, None)
    return helped


def flag_names(tests: str) -> Iterator[str]:
    """Yield the names that the code sets to true or false, for cells below it."""
    for node in ast.parse(tests).body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Constant(value=bool())
            ):
                yield name


def _needed(wanted: Iterable[str], known: Mapping[str, _Definition]) -> list[str]:
    """Return the known names among the wanted ones, and the names that they need."""
    found: dict[str, None] = {}
    waiting = sorted(wanted, reverse=True)
    while waiting:
        name = waiting.pop()
        if name in known and name not in found:
            found[name] = None
            waiting += sorted(known[name].uses, reverse=True)
    return list(found)


def statement_text(lines: Sequence[str], node: ast.stmt) -> str:
    """Return the lines of a cell that a statement occupies, with its decorators."""
    above = [one.lineno for one in getattr(node, "decorator_list", [])]
    return "\n".join(lines[min([node.lineno, *above]) - 1 : node.end_lineno])


def _binds(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement defines, if it is one that can be copied."""
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            for each in names:
                yield each.asname or each.name.partition(".")[0]
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=[ast.Name(id=name)]):
            yield name
