"""Find the packages that an assignment imports and its environment lacks."""

import ast
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from formats.assignment import Bundle
from formats.assignment.notebook_cells import source_of
from formats.assignment.section_tests import parsed_tests
from formats.choices import Part, QuestionKind
from formats.importing.draft import ImportedModule
from formats.importing.public_files import public_modules
from formats.notebook.ipython_syntax import plain_python
from formats.problems import Problem
from runner.protocol.notebook import CellName, name_cells

# A run has a stand-in for Otter where it is not installed.
_ALWAYS_THERE: Final = frozenset({"otter", "__main__", "__future__"})
# Errors of a missing import. Code that catches one can run without the package.
_CAUGHT: Final = frozenset(
    {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
)
# The first line of a cell that writes a file, in the text of an .ipynb.
_WRITTEN: Final = re.compile(r'"%%(?:writefile|file)\s+(?:-a\s+)?([\w./-]+)')
_LOADERS: Final = frozenset({"__import__", "import_module"})


def imports_in_notebook(
    notebook: Mapping[str, Any], file: str, names: Sequence[CellName]
) -> Iterator[ImportedModule]:
    """Yield the imports of the cells that are run. `names` are the cells' names."""
    named = zip(notebook["cells"], names, strict=True)
    for position, (cell, name) in enumerate(named, 1):
        if name.number:
            for each in imports_in_code(plain_python(source_of(cell)), file):
                yield replace(each, cell=position, place=name.within)


def imports_in_code(
    code: str, file: str, *, above: int = 0
) -> Iterator[ImportedModule]:
    """Yield the imports of Python code, except those whose failure it handles.

    `above` is the number of lines above the code in its file.
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    yield from _of_tree(tree, file, above)


def _of_tree(tree: ast.Module, file: str, above: int) -> Iterator[ImportedModule]:
    guarded = set(_guarded(tree))
    for node in ast.walk(tree):
        if id(node) not in guarded:
            for module in _modules(node):
                line = getattr(node, "lineno", 0)
                yield ImportedModule(module=module, file=file, line=above + line)


def _guarded(tree: ast.Module) -> Iterator[int]:
    """Yield the ids of the nodes in a `try` that catches a failed import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(map(_catches, node.handlers)):
            yield from (id(each) for part in node.body for each in ast.walk(part))


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(
        isinstance(each, ast.Name) and each.id in _CAUGHT
        for each in ast.walk(handler.type)
    )


def _modules(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (each.name for each in names)
        case ast.ImportFrom(module=str(module), level=0):
            yield module
        case ast.Call(
            func=ast.Name(id=name) | ast.Attribute(attr=name),
            args=[ast.Constant(value=str(module)), *_],
        ) if name in _LOADERS and not module.startswith("."):
            yield module


def imports_in_files(files: Mapping[str, Path]) -> Iterator[ImportedModule]:
    """Yield the imports of the modules among public files."""
    for name, path in files.items():
        if name.endswith(".py"):
            yield from imports_in_code(path.read_text("utf-8-sig", "replace"), name)


def imports_in_bundle(bundle: Bundle) -> Iterator[ImportedModule]:
    """Yield the imports of a bundle's notebooks, public modules and tests."""
    paths = {(file.part, file.name): file.path for file in bundle.files}
    for wanted in (Part.STAFF, Part.HANDOUT):
        for path in (path for (part, _), path in paths.items() if part == wanted):
            notebook = json.loads(path.read_text("utf-8-sig"))
            names = name_cells(notebook["cells"], skip_tags=bundle.skip_tags)
            yield from imports_in_notebook(notebook, path.name, names)
    public = {name: path for (part, name), path in paths.items() if part == Part.PUBLIC}
    yield from imports_in_files(
        {f"public/{name}": path for name, path in public.items()}
    )
    for question in bundle.questions:
        if question.kind == QuestionKind.AUTO:
            path = paths[Part.TESTS, f"{question.key}.py"]
            text = path.read_text("utf-8-sig")
            for tree, above in parsed_tests(text, question.style):
                yield from _of_tree(tree, f"tests/{path.name}", above)


def own_modules(bundle: Bundle) -> set[str]:
    """Return the modules that the assignment contains, writes or requires."""
    public = {f.name: f.path for f in bundle.files if f.part == Part.PUBLIC}
    found = {module.partition(".")[0] for module in public_modules(public)}
    names = [file.name for file in bundle.required_files]
    for file in bundle.files:
        if file.part in (Part.STAFF, Part.HANDOUT):
            names += _WRITTEN.findall(file.path.read_text("utf-8-sig"))
    return found | {name[:-3] for name in names if name.endswith(".py")}


def notes_on_missing(
    imported: Iterable[ImportedModule],
    *,
    environment: str,
    own: Collection[str],
    installed: Mapping[str, Collection[str]],
) -> Iterator[Problem]:
    """Yield a note for each package that the environment lacks, at its first import.

    `installed` maps each environment to its modules. `own` are the assignment's own
    modules.
    """
    if environment not in installed:
        if installed:
            yield _unknown(environment, installed)
        return
    seen: set[str] = set()
    there = {*installed[environment], *own, *_ALWAYS_THERE}
    for each in imported:
        if each.package in there or each.package in seen:
            continue
        seen.add(each.package)
        having = [name for name, found in installed.items() if each.package in found]
        yield Problem(
            message=f"“{each.package}” is imported here, but the environment "
            f"“{environment}” does not have it. The import fails in every run.",
            file=each.file,
            cell=each.cell,
            place=each.place,
            line=each.line,
            hint=f"The environment “{having[0]}” has it: use that one."
            if having
            else _ADD,
        )


_ADD: Final = (
    "Do not use the package, or ask whoever runs the workers to add it. "
    "scripts/make_environment.py makes an environment with the packages that you name "
    "(docs/operating.md). Then write the name of this environment in the assignment."
)


def _unknown(environment: str, installed: Mapping[str, Collection[str]]) -> Problem:
    return Problem(
        message=f"No worker has the environment “{environment}”, so runs would wait "
        "until staff add it.",
        hint=f"Workers have: {', '.join(sorted(installed))}.",
    )
