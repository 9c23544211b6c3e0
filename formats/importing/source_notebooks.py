"""Read the notebooks of a source: their format, their cells and their names."""

import ast
import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

from markdown_it import MarkdownIt

from formats.archives import Source
from formats.assignment.foreign_cells import otter_check
from formats.assignment.notebook_cells import Naming, read_notebook, source_of
from formats.importing.draft import Draft, Format, Notebook
from formats.importing.gradescope import refuse_gradescope
from formats.importing.plain_words import plain_title
from formats.importing.public_files import public_modules
from formats.notebook.ipython_syntax import plain_python
from formats.problems import ProblemList

_HEADING: Final = re.compile(r"\s{0,3}#{1,6}\s+(?=\S)")
_HTML_HEADING: Final = re.compile(r"\s{0,3}<h[1-6]\b", re.IGNORECASE)
# Only its blocks are needed.
_MARKDOWN: Final = MarkdownIt("commonmark").disable("inline")
_LARGEST: Final = 20 * 1024**2
# The most lines and statements of code that are read. SECURITY: each takes time, while
# people wait for a page.
_MOST_LINES: Final = 20_000


def detect(source: Source) -> Format:
    """Return the format of the source. Raises ImportRefusedError if it is unknown."""
    names = {path.name for path in source.files}
    if "assignment.yaml" in names:
        return Format.SOFTMARK
    notebooks = [p for p in source.files if p.suffix == ".ipynb"]
    marks = {mark for path in notebooks for mark in _marks(source.root / path)}
    for kind in (Format.NBGRADER, Format.OTTER):
        if kind in marks:
            return kind
    refuse_gradescope(source)
    if "otter_config.json" in names or any(
        path.parent.name == "tests" and path.suffix == ".py" for path in source.files
    ):
        return Format.OTTER
    faults = ProblemList()
    for path in notebooks:
        data = (source.root / path).read_bytes()
        read_notebook(data, file=path.as_posix(), faults=faults)
    # An unreadable notebook is the most likely reason.
    faults.raise_if_any()
    faults.add(
        "This is not an assignment in a known format.",
        hint="There must be an assignment.yaml, a notebook made with nbgrader, or a "
        "notebook with the tests of Otter.",
    )
    raise faults.error()


def _marks(path: Path) -> Iterator[Format]:
    """Yield the formats whose marks a notebook has, nothing if it is unreadable.

    The faults of an unreadable notebook are noted later.
    """
    try:
        if path.stat().st_size > _LARGEST:
            return
        document = json.loads(path.read_bytes())
        cells = [cell for cell in document["cells"] if isinstance(cell, dict)]
        if isinstance(document.get("metadata", {}).get("otter"), dict):
            yield Format.OTTER
        for cell in cells:
            if isinstance(cell.get("metadata", {}).get("nbgrader"), dict):
                yield Format.NBGRADER
            if is_raw_otter(cell) or otter_check(source_of(cell)) is not None:
                yield Format.OTTER
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return


def is_raw_otter(cell: dict[str, Any]) -> bool:
    """Return whether a cell is one from which `otter assign` makes an assignment."""
    first = source_of(cell).lstrip().partition("\n")[0].strip("# ").upper()
    return first.startswith(("ASSIGNMENT CONFIG", "BEGIN QUESTION", "BEGIN TESTS"))


def open_notebook(
    source: Source, path: Path, faults: ProblemList, naming: Naming
) -> Notebook:
    """Return a sound notebook without outputs, or raise ImportRefusedError.

    `naming` returns the names that its cells will have when the imported notebook is
    run.
    """
    file, data = path.as_posix(), (source.root / path).read_bytes()
    notebook = read_notebook(data, file=file, faults=faults, naming=naming)
    faults.raise_if_any()
    if notebook is None:
        raise faults.error()
    code = [source_of(c) for c in notebook["cells"] if c["cell_type"] == "code"]
    lines = (line for text in code for line in text.split("\n") if line.strip())
    if sum(1 + line.count(";") for line in lines) > _MOST_LINES:
        faults.add(
            f"The notebook has more than {_MOST_LINES} lines of code.",
            file=file,
            hint="Put long values into a file beside it, and read them there.",
        )
        raise faults.error()
    for cell in notebook["cells"]:
        cell["source"] = source_of(cell)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return notebook


def title_of(path: Path) -> str:
    """Return the name of a file as words."""
    words = " ".join(re.split(r"[_\s]+", path.stem)).strip()
    return (words[:1].upper() + words[1:])[:200] or "Assignment"


def headings(notebook: Notebook) -> list[str]:
    """Return, for each cell, the last heading in it or above it, without points."""
    found, last = [], ""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            lines = source_of(cell).split("\n")
            for line in _without_code(lines):
                last = _heading(line) or last
        found.append(last)
    return found


def _without_code(lines: list[str]) -> Iterator[str]:
    """Yield the lines of Markdown that are not in a code block."""
    blocks = _MARKDOWN.parse("\n".join(lines))
    code = {
        number
        for block in blocks
        if block.type in ("fence", "code_block") and block.map
        for number in range(*block.map)
    }
    yield from (line for number, line in enumerate(lines) if number not in code)


def _heading(line: str) -> str:
    """Return the words of a line that is a heading, without points, or ""."""
    is_heading = _HEADING.match(line) or _HTML_HEADING.match(line)
    return plain_title(line) if is_heading else ""


# --- Names --------------------------------------------------------------------


def add_handout_imports(draft: Draft) -> None:
    """Add to the draft's imports the names in tests that the hand-out imports.

    SECURITY: a name that a notebook also binds in another way is left out, and so is
    one that only a solution imports. It may be what a student has to write, and a test
    would then check the library's in its place.
    """
    wanted = names_in("\n".join(draft.tests.values()))
    public = public_modules(draft.public)
    local = {"otter", *(name.partition(".")[0] for name in public)}
    given, others = _names(draft.handout, draft.skip_tags)
    own, more = _names(draft.staff, draft.skip_tags)
    for name in sorted(wanted & (given.keys() | own.keys()) - others - more):
        targets = given.get(name, set()) | own.get(name, set())
        modules = {re.split("[.:]", target)[0] for target in targets}
        if modules & local:
            continue
        if name in given and len(targets) == 1:
            draft.imports[name] = next(iter(targets))
        else:
            draft.note(
                f"The tests use “{name}”, and take its value from the student's "
                "notebook.",
                hint="It is imported only in a solution, or in two different ways. If "
                "no student has to write it, add it to “imports” in assignment.yaml.",
            )


def names_of_cells(
    cells: list[dict[str, Any]],
) -> tuple[dict[str, set[str]], set[str]]:
    """Return the imports of the cells, by name, and the names that they define."""
    return _names({"cells": cells}, ())


def bound_names(cell: dict[str, Any]) -> set[str]:
    """Return every name that a cell imports, defines or assigns."""
    imports, others = _names({"cells": [cell]}, ())
    return imports.keys() | others


def _names(
    notebook: Notebook, skip_tags: Collection[str]
) -> tuple[dict[str, set[str]], set[str]]:
    """Return the imports of a notebook, by name, and the names bound in other ways."""
    imports: dict[str, set[str]] = {}
    others: set[str] = set()
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags") or []
        if cell["cell_type"] == "code" and not set(tags) & set(skip_tags):
            for node in _top_nodes(_python(source_of(cell))):
                for name, target in _imports(node):
                    imports.setdefault(name, set()).add(target)
                others |= set(_bindings(node))
    return imports, others


def _python(source: str) -> ast.Module:
    """Return the cell's syntax tree, empty if it is not Python."""
    try:
        return ast.parse(plain_python(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def _top_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield every node that runs in the notebook's own namespace."""
    waiting: list[ast.AST] = list(tree.body)
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, inner):
            waiting += ast.iter_child_nodes(node)


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for each in node.names:
            top = each.name.partition(".")[0]
            yield (each.asname, each.name) if each.asname else (top, top)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for each in node.names:
            if each.name != "*":
                yield each.asname or each.name, f"{node.module}:{each.name}"


def _bindings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name


def names_in(code: str) -> set[str]:
    """Return every word in a piece of a test that may be a name."""
    return set(re.findall(r"[^\W\d]\w*", code))
