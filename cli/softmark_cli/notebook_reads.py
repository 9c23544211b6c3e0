"""Find the files that a notebook opens by a name that stands in its code.

This is an estimate for a warning. Names that the code builds while it runs are not
known, and nothing is executed.
"""

import ast
import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

# The last part of a called name. Its first argument is the path.
_READERS: Final = frozenset(
    {
        "load", "load_file", "safe_open", "loadtxt", "genfromtxt", "fromfile", "imread",
        "read_image", "read_csv", "read_json", "read_excel", "read_parquet",
        "read_pickle", "read_table", "loadmat",
    }
)  # fmt: skip
# Any of their arguments may be the path.
_WRITERS: Final = frozenset(
    {
        "save", "save_file", "savez", "savez_compressed", "savetxt", "savefig", "imsave",
        "imwrite", "to_csv", "to_json", "to_parquet", "to_pickle", "save_image",
        "urlretrieve", "copy", "copyfile", "rename", "move",
    }
)  # fmt: skip
# Code that asks first can handle a file that is not there.
_GUARDS: Final = frozenset({"exists", "isfile", "is_file"})
_PATH_READERS: Final = frozenset({"read_text", "read_bytes"})
_PATH_WRITERS: Final = frozenset({"write_text", "write_bytes", "touch"})
_PATHS: Final = frozenset({"Path", "PurePath", "PosixPath"})
# A path on somebody's own machine, an address, or a place that every machine has.
_ELSEWHERE: Final = re.compile(r"[a-z]+://|/(tmp|dev|proc|sys)/", re.IGNORECASE)
_NO_PATH: Final = re.compile(r"[*?{}\n]|/$|^$")
_WRITEFILE: Final = re.compile(r"%%(?:writefile|file)\s+(?:-a\s+)?(\S+)")
_RUN_AS_PYTHON: Final = re.compile(r"%%(?:time|timeit|capture)\b")
_MAGIC: Final = re.compile(r"^(\s*)(?:%|!|\?).*$", re.MULTILINE)
_MOST_PATHS: Final = 10
_LONGEST_CELL: Final = 200_000


@dataclass(kw_only=True)
class _Found:
    """The paths that the code reads, writes and asks for, in the order of the code."""

    reads: dict[str, None] = field(default_factory=dict)
    writes: set[str] = field(default_factory=set)
    constants: dict[str, str] = field(default_factory=dict)


def missing_files(notebook: Any, present: Collection[str]) -> list[str]:
    """Return the paths that the notebook opens and that are not `present`.

    `notebook` is its JSON. Never raises: what cannot be read opens nothing.
    """
    found = _Found()
    for source in _code_cells(notebook):
        _read_cell(source, found)
    there = {*present, *found.writes}
    missing = (path for path in found.reads if path not in there)
    return list(missing)[:_MOST_PATHS]


def _code_cells(notebook: Any) -> Iterator[str]:
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    for cell in cells if isinstance(cells, list) else ():
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        text = "".join(map(str, source)) if isinstance(source, list) else str(source)
        if len(text) <= _LONGEST_CELL:
            yield text


def _read_cell(source: str, found: _Found) -> None:
    text = source.lstrip()
    if text.startswith("%%"):
        written = _WRITEFILE.match(text)
        if written:
            found.writes.add(_comparable(written[1].strip("'\"")))
        if not _RUN_AS_PYTHON.match(text):
            return
        _, _, text = text.partition("\n")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the student's code
            tree = ast.parse(_MAGIC.sub(r"\1pass", text))
        _read_tree(tree, found)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the portal tells of cells that are not Python


def _read_tree(tree: ast.AST, found: _Found) -> None:
    guarded = {id(node) for node in _guarded(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            _note_constant(node, found)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            _read_call(node, found, is_guarded=id(node) in guarded)


def _guarded(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in a `try` that catches an error."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and node.handlers:
            for each in node.body:
                yield from ast.walk(each)


def _note_constant(node: ast.Assign, found: _Found) -> None:
    """Remember NAME = "text"; a name with two texts has none."""
    (target, *more) = node.targets
    if more or not isinstance(target, ast.Name):
        return
    text = _text(node.value, found)
    if text is None or found.constants.get(target.id, text) != text:
        found.constants[target.id] = ""
    else:
        found.constants[target.id] = text


def _read_call(call: ast.Call, found: _Found, *, is_guarded: bool) -> None:
    name = _last_name(call.func)
    if name in _WRITERS:
        found.writes.update(_arguments(call, found))
        return
    owner = _owner_path(call, found)
    if name in _GUARDS:
        found.writes.update(filter(None, (owner, *_arguments(call, found))))
    elif name == "open":
        path = owner or next(_arguments(call, found), "")
        _note(path, found, is_write=_writes(call, has_owner=bool(owner)) or is_guarded)
    elif name in _PATH_READERS or name in _PATH_WRITERS:
        _note(owner, found, is_write=name in _PATH_WRITERS or is_guarded)
    elif name in _READERS and call.args:
        _note(_path(call.args[0], found), found, is_write=is_guarded)


def _note(path: str, found: _Found, *, is_write: bool) -> None:
    if not path:
        return
    if is_write:
        found.writes.add(path)
    # A name without an ending may be a folder, or the name of a model.
    elif not _ELSEWHERE.match(path) and "." in path.rpartition("/")[2]:
        found.reads.setdefault(path)


def _arguments(call: ast.Call, found: _Found) -> Iterator[str]:
    """Yield the arguments that are paths."""
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    yield from filter(None, (_path(value, found) for value in values))


def _writes(call: ast.Call, *, has_owner: bool) -> bool:
    """Return whether a call of open() writes: its mode has w, a, x or +."""
    place = 0 if has_owner else 1
    modes = [
        *call.args[place : place + 1],
        *(keyword.value for keyword in call.keywords if keyword.arg == "mode"),
    ]
    return any(
        isinstance(mode, ast.Constant) and bool(set("wax+") & set(str(mode.value)))
        for mode in modes
    )


def _owner_path(call: ast.Call, found: _Found) -> str:
    """Return the path of Path("x").method(), or "" if it is something else."""
    if not isinstance(call.func, ast.Attribute):
        return ""
    return _path(call.func.value, found) if _is_path(call.func.value) else ""


def _is_path(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _last_name(node.func) in _PATHS


def _path(node: ast.expr, found: _Found) -> str:
    """Return a path as the names of handed-in files are written, or ""."""
    if _is_path(node) and isinstance(node, ast.Call) and node.args:
        node = node.args[0]
    text = _text(node, found)
    if text is None or _NO_PATH.search(text):
        return ""
    return _comparable(text)


def _text(node: ast.expr, found: _Found) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return found.constants.get(node.id)
    return None


def _comparable(path: str) -> str:
    return path.replace("\\", "/").removeprefix("./")


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
