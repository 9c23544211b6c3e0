"""Which files a notebook opens, told from its code without running it.

Best effort, for warnings only: names that are put together while the notebook runs
are not known here, and a file may be opened on a branch that is never taken.
"""

import ast
import difflib
import posixpath
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from courses.bundle.syntax import Budget, TooComplexError, indented, parse
from submissions.messages import problem, shown
from submissions.problems import Name, Problem
from submissions.validation.metadata import tags
from submissions.validation.readable import (
    Cell,
    NotebookFaultError,
    cleaned,
    read_notebook,
)

MAX_WARNED: Final = 10
NOT_RUN: Final = frozenset({"skip-execution", "otter_ignore"})

# The last part of a call's name. One of its first two arguments is a path.
READERS: Final = frozenset(
    {
        "open", "load", "load_file", "safe_open", "load_model", "load_weights",
        "load_from_checkpoint", "loadtxt", "genfromtxt", "fromfile", "imread",
        "read_image", "read_csv", "read_json", "read_excel", "read_parquet",
        "read_pickle", "read_table", "read_hdf", "loadmat", "ZipFile", "Notebook",
    }
)  # fmt: skip
WRITERS: Final = frozenset(
    {
        "save", "save_file", "save_model", "savez", "savez_compressed", "savetxt",
        "savefig", "imsave", "savemat", "imwrite", "to_csv", "to_json", "to_parquet",
        "to_pickle", "to_excel", "save_image", "copy", "copyfile", "move", "rename",
        "urlretrieve", "exists", "isfile", "is_file",
    }
)  # fmt: skip
PATH_READERS: Final = frozenset({"open", "read_text", "read_bytes"})
PATH_WRITERS: Final = frozenset(
    {"write_text", "write_bytes", "touch", "exists", "is_file"}
)
PATHS: Final = frozenset({"Path", "PurePath", "PosixPath", "join", "str"})
KEYWORDS: Final = frozenset(
    {"file", "f", "filename", "path", "filepath_or_buffer", "fname", "checkpoint_path"}
)
MAX_PATH: Final = 500
PYTHON_MAGICS: Final = frozenset({"time", "timeit", "capture", "prun"})
WRITE_MAGICS: Final = frozenset({"writefile", "file"})
# Of a line without its indentation.
MAGIC_LINE: Final = re.compile(r"[\w, ]+=\s*[!%]|[%!?]|[\w.]+\?{1,2}\s*$")
# A place on somebody's machine, or a pattern, or no path at all.
ABSOLUTE: Final = re.compile(r"[/~]|[A-Za-z]:/")
SYSTEM: Final = re.compile(r"/(tmp|dev|proc|sys)(/|$)")
NETWORK: Final = re.compile(r"(https?|ftp|s3|gs|hf)://")
NO_PATH: Final = re.compile(r"[*{}\n\r]|^[^:]*\?|/$|^$")


@dataclass(kw_only=True)
class _Found:
    """What the code reads, by path with the first cell, and what it makes itself."""

    opened: dict[str, int] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    constants: dict[str, str] = field(default_factory=dict)


def find_missing_files(
    data: bytes,
    *,
    name: str,
    present: Collection[str],
    wanted: Collection[str] = (),
    skip_tags: Collection[str] = (),
) -> tuple[Problem, ...]:
    """Return warnings of files that the notebook opens and that will not be there.

    `present` are the names beside the notebook when it runs; `wanted` those that the
    coursework asks for. Cells that are not run are not read, nor such as are longer
    than anybody writes. A cell that is no Python is warned of too. Never raises: a notebook that cannot be read has no warnings.
    """
    try:
        notebook = read_notebook(data, name=name)
    except NotebookFaultError:
        return ()
    found, budget = _Found(), Budget()
    warnings: list[Problem] = []
    skipped = NOT_RUN.union(skip_tags)
    for number, cell in notebook.code_cells:
        if skipped.intersection(tags(cell.metadata)):
            continue
        if budget.covers(cell.source):
            warnings += _read_cell(cell, number, name, found)
    for path, number in found.opened.items():
        if len(warnings) >= MAX_WARNED:
            break
        warnings += _judge(path, number, found.made, present, wanted)
    return tuple(warnings[:MAX_WARNED])


def _read_cell(cell: Cell, number: int, name: Name, found: _Found) -> Iterator[Problem]:
    """Add what the cell opens and makes; yield a warning if it is no Python."""
    code, written, is_changed = _python(cleaned(cell.source))
    found.made |= written
    try:
        _scan(parse(code), number, found)
    except SyntaxError as error:
        if not is_changed:
            yield problem(
                "cell_syntax",
                file=name,
                cell=number,
                cell_line=error.lineno or 1,
                version=f"{sys.version_info.major}.{sys.version_info.minor}",
                quote=shown((error.text or "").strip()),
            )
    except (TooComplexError, RecursionError):
        return  # too deep for the parser: it may still run


def _python(source: str) -> tuple[str, set[str], bool]:
    """Return the cell as plain Python, files it writes by magic, and if it changed."""
    head, _, rest = source.lstrip().partition("\n")
    if head.startswith("%%"):
        magic, _, argument = head[2:].partition(" ")
        if magic in WRITE_MAGICS:
            return "", {_tidy(argument.split(" ")[-1])}, True
        if magic not in PYTHON_MAGICS:
            return "", set(), True
        source = f"\n{rest}"
    lines = source.split("\n")
    plain = [_plain(line) for line in lines]
    return "\n".join(plain), set(), plain != lines or head.startswith("%%")


def _plain(line: str) -> str:
    indent, text = indented(line)
    return f"{indent}pass" if MAGIC_LINE.match(text) else line


def _scan(tree: ast.Module, number: int, found: _Found) -> None:
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = _text(node.value, found.constants)
            if value is not None:
                found.constants[node.targets[0].id] = value
    for node in nodes:
        if isinstance(node, ast.Call):
            _scan_call(node, number, found)


def _scan_call(call: ast.Call, number: int, found: _Found) -> None:
    verb = _last_name(call.func)
    if isinstance(call.func, ast.Attribute) and verb in PATH_READERS | PATH_WRITERS:
        own = _text(call.func.value, found.constants)
        if own is not None:
            makes = verb in PATH_WRITERS or _writes(call, position=0)
            _add(own, number, found, makes=makes)
            return
    if verb == "open":
        paths = _paths(call, found.constants)[:1]
        makes = _writes(call, position=1)
    elif verb in READERS | WRITERS and not _is_hub(call.func):
        paths = [each for each in _paths(call, found.constants) if "." in each]
        makes = verb in WRITERS
    else:
        return
    for path in paths:
        _add(path, number, found, makes=makes)


def _add(path: str, number: int, found: _Found, *, makes: bool) -> None:
    if makes:
        found.made.add(_tidy(path))
    elif not NO_PATH.search(path):
        known = path if NETWORK.match(path) else _tidy(path)
        found.opened.setdefault(known, number)


def _tidy(path: str) -> str:
    return posixpath.normpath(path.strip().replace("\\", "/"))


def _last_name(called: ast.expr) -> str:
    """Return open for open, io.open and Path("x").open."""
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _is_hub(called: ast.expr) -> bool:
    """Whether this is torch.hub.load or its like, which opens no file by name."""
    return isinstance(called, ast.Attribute) and _last_name(called.value) == "hub"


def _writes(call: ast.Call, *, position: int) -> bool:
    """Whether an open call's mode makes the file."""
    modes = [each.value for each in call.keywords if each.arg == "mode"]
    modes += call.args[position : position + 1]
    return any(
        isinstance(mode, ast.Constant)
        and isinstance(mode.value, str)
        and bool(set(mode.value) & set("wax"))
        for mode in modes
    )


def _paths(call: ast.Call, constants: dict[str, str]) -> list[str]:
    named = [each.value for each in call.keywords if each.arg in KEYWORDS]
    texts = [_text(argument, constants) for argument in [*call.args[:2], *named]]
    return [text for text in texts if text is not None and len(text) <= MAX_PATH]


def _text(node: ast.expr, constants: dict[str, str]) -> str | None:
    """Return the text that the expression always has, or None."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    nodes, glue = _parts(node)
    parts = [_text(each, constants) for each in nodes]
    known = [part for part in parts if part is not None]
    # The cap keeps a = a + a, line after line, from growing without bound.
    if not known or len(known) < len(parts) or sum(map(len, known)) > MAX_PATH:
        return None
    return glue.join(known)


def _parts(node: ast.expr) -> tuple[list[ast.expr], str]:
    """Return what an expression puts together, and what it puts between."""
    match node:
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return [left, right], "/"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [left, right], ""
        case ast.JoinedStr(values=values):
            return values, ""
        case ast.FormattedValue(value=value, format_spec=None):
            return [value], ""
        case ast.Call(func=called, args=args) if _last_name(called) in PATHS:
            return args, "/"
    return [], ""


def _judge(
    path: str,
    number: int,
    made: Collection[str],
    present: Collection[str],
    wanted: Collection[str],
) -> Iterator[Problem]:
    name = posixpath.basename(path)
    if path in present or path in made or SYSTEM.match(path):
        return
    if NETWORK.match(path):
        yield problem("opens_network", cell=number, path=shown(path))
    elif name in present:
        yield problem("opens_elsewhere", cell=number, path=shown(path), other=name)
    elif ABSOLUTE.match(path):
        yield problem("opens_absolute", cell=number, path=shown(path))
    elif name in wanted:
        yield problem("opens_wanted", cell=number, path=shown(path))
    else:
        close = difflib.get_close_matches(name, present, n=1)
        code = "opens_other_name" if close else "opens_missing"
        other = "".join(close)
        yield problem(code, cell=number, path=shown(path), other=other)
