"""Find the files that a notebook writes when it runs, as far as its code shows them."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, Final

from formats.assignment.notebook_cells import source_of
from formats.importing.mentions import tree_of
from formats.notebook.cell_syntax import last_name, parameters_with_defaults
from formats.notebook.ipython_syntax import split_cell_magic

# Calls that write a file whose path is one of their arguments.
_WRITING: Final = re.compile(
    r"to_(csv|tsv|json|parquet|excel|pickle|feather|hdf|hdf5|html|latex|markdown|xml|orc"
    r"|stata|netcdf|zarr|file|string|disk|path)|tofile|save\w*|\w+_save|imsave|imwrite"
    r"|mimsave|mimwrite|mmwrite|dump|export\w*|sink_\w+|write|write_\w+|writeto|fwrite"
    r"|FileHandler|\w*Checkpoint|copy|copy2|copyfile|move|touch"
)
_TARGET: Final = re.compile(r"save\w*|out|out_\w+|outfile|outdir|output\w*|dest\w*")
# Methods of a path that write the file at that path.
_OF_A_PATH: Final = frozenset({"write_text", "write_bytes", "touch"})
_MODE: Final = re.compile(r"[rbt]*[wax][rwaxbt+]*|r[bt]*\+[bt]*|w-")
_OPENING: Final = re.compile(r"\w*open|\w*File|memmap|open_memmap|get_writer|\w*Writer")
_SHELL: Final = re.compile(r"(?:>{1,2}|\btee\s+(?:-a\s+)?|\s-[oO]\s+)\s*([\w./-]+)")
_ANY: Final = "*"
_DEEPEST: Final = 3
# The most values of a name that are followed.
_VALUES: Final = 12
_ROUNDS: Final = 3
# The most paths that one expression may have. SECURITY: their number is the product of
# the numbers of values of its parts.
_MOST: Final = 256
_JOINING: Final = frozenset(
    {*("join", "joinpath", "Path", "PurePath", "PosixPath", "PurePosixPath")}
)
_THROUGH: Final = frozenset(
    {*("str", "fspath", "abspath", "expanduser", "resolve", "absolute", "as_posix")}
)
# Suffixes that libraries add to the path that they are given.
_ADDED: Final = frozenset(
    {
        *(".npy", ".npz", ".mat", ".png", ".pdf", ".zip", ".tar", ".gz", ".db", ".dat"),
        *(".keras", ".h5", ".ckpt", ".index", ".pkl", ".model", ".vocab"),
    }
)
_MAGICS_THAT_WRITE: Final = frozenset({"writefile", "file"})

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def written_by(cells: Iterable[dict[str, Any]]) -> frozenset[str]:
    """Return the paths that the cells' code writes, with `*` for unknown parts.

    Nothing is executed. Names are followed to the values that the notebook assigns to
    them. If a function writes to a path that it is given, its calls are followed, too.
    """
    trees, found = [], set()
    for cell in cells:
        if cell["cell_type"] == "code":
            source = source_of(cell)
            found |= set(_by_magic(source))
            tree = tree_of(source)
            if tree is not None:
                trees.append(tree)
    found |= _Writes(trees).paths()
    return frozenset(filter(_is_telling, map(_tidy, found)))


def is_written(name: str, written: Iterable[str]) -> bool:
    """Return whether one of the paths may be that of a file beside the notebook."""
    parts = PurePosixPath(name)
    ways = [each.as_posix() for each in (parts, *parts.parents) if each.name]
    if parts.suffix in _ADDED:
        ways.append(parts.with_suffix("").as_posix())
    for path in written:
        if path.startswith("/"):
            # The notebook may have run in any folder, so its folder may be part of the
            # path.
            if any(path.endswith(f"/{way}") for way in ways):
                return True
        elif any(fnmatchcase(way, path) for way in ways):
            return True
    return False


def may_write(call: ast.Call) -> bool:
    """Return whether a call may write a file, by its name and its arguments' names."""
    name = last_name(call.func)
    # `dot.render("graph")` writes a file, `env.render("human")` does not.
    is_named = name == "render" or _WRITING.fullmatch(name) or _OPENING.fullmatch(name)
    targets = (_TARGET.fullmatch(each.arg or "") for each in call.keywords)
    return bool(is_named) or any(targets)


def _tidy(path: str) -> str:
    """Return the path relative to the notebook's folder, as far as it is known."""
    path = path.replace("\\", "/")
    path = re.sub(r"^(?:\./+)+", "", re.sub(r"/(?:\./+)+", "/", path))
    if path.startswith("../"):
        return "/" + path.replace("../", "")
    return path.rstrip("/")


def _is_telling(path: str) -> bool:
    """Return whether part of the file's own name is known. In `data/*.csv`, none is."""
    return bool(re.search(r"\w", PurePosixPath(path.strip("/")).stem))


def _by_magic(source: str) -> Iterator[str]:
    name, arguments, rest = split_cell_magic(source)
    if name in _MAGICS_THAT_WRITE:
        yield from (word for word in arguments.split() if not word.startswith("-"))
        return
    is_shell = name in {"bash", "sh", "script"}
    for line in rest.split("\n"):
        if is_shell or line.lstrip().startswith("!"):
            yield from _SHELL.findall(line)


class _Writes:
    """The calls that write files, and the values of the names in their paths."""

    def __init__(self, trees: list[ast.Module]) -> None:
        self._nodes = [node for tree in trees for node in ast.walk(tree)]
        self._values: dict[str, list[ast.expr]] = {}
        self._functions: dict[str, list[_Function]] = {}
        for node in self._nodes:
            self._learn(node)
        self._writers = self._own_writers()

    def paths(self) -> set[str]:
        """Return the paths that are written."""
        found: set[str] = set()
        for node in self._nodes:
            if isinstance(node, ast.Call):
                for part in self._written_parts(node):
                    found |= self._known(part, _DEEPEST)
        return {each for each in found if each and each != _ANY}

    def _learn(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, value)
            case (
                ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.NamedExpr(target=target, value=value)
            ):
                self._bind(target, value)
            case (
                ast.For(target=target, iter=ast.List(elts=values))
                | ast.For(target=target, iter=ast.Tuple(elts=values))
            ):
                for value in values:
                    self._bind(target, value)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._learn_function(node)

    def _learn_function(self, node: _Function) -> None:
        self._functions.setdefault(node.name, []).append(node)
        for parameter, default in parameters_with_defaults(node.args):
            self._values.setdefault(parameter, []).append(default)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        match target, value:
            case (ast.Tuple(elts=names), ast.Tuple(elts=values)) if len(names) == len(
                values
            ):
                for name, each in zip(names, values, strict=True):
                    self._bind(name, each)
            case (ast.Name(id=name), _) | (ast.Attribute(attr=name), _):
                self._values.setdefault(name, []).append(value)

    def _own_writers(self) -> Mapping[str, set[str]]:
        """Return the notebook's functions that write a path that they are given."""
        self._writers = {}
        for _ in range(_ROUNDS):
            writers = {
                name: set().union(*map(self._written_parameters, functions))
                for name, functions in self._functions.items()
            }
            self._writers = {name: each for name, each in writers.items() if each}
        return self._writers

    def _written_parameters(self, function: _Function) -> set[str]:
        arguments = function.args
        own = {
            each.arg
            for each in (
                *arguments.posonlyargs,
                *arguments.args,
                *arguments.kwonlyargs,
            )
        }
        found: set[str] = set()
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                for part in self._written_parts(node):
                    found |= {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
        return found & own

    def _written_parts(self, call: ast.Call) -> Iterator[ast.expr]:
        """Yield the expressions of a call that may be the path of the written file."""
        name = last_name(call.func)
        parts = [*call.args, *(each.value for each in call.keywords)]
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if name in self._writers:
            yield from self._given(call, name)
        elif _OPENING.fullmatch(name):
            if name.endswith("Writer") or any(map(self._is_writing_mode, parts)):
                yield from parts[:1]
                yield from (k.value for k in call.keywords if k.arg != "mode")
                if owner is not None:
                    yield owner
        elif _WRITING.fullmatch(name):
            if name in _OF_A_PATH and owner is not None:
                yield owner
            else:
                yield from parts[1:] if name.startswith(("copy", "move")) else parts
        else:
            yield from (
                k.value for k in call.keywords if _TARGET.fullmatch(k.arg or "")
            )

    def _given(self, call: ast.Call, name: str) -> Iterator[ast.expr]:
        wanted = self._writers[name]
        yield from (each.value for each in call.keywords if each.arg in wanted)
        for function in self._functions[name]:
            names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
            if isinstance(call.func, ast.Attribute) and names[:1] == ["self"]:
                names = names[1:]
            for parameter, argument in zip(names, call.args, strict=False):
                if parameter in wanted:
                    yield argument

    def _is_writing_mode(self, node: ast.expr) -> bool:
        return any(map(_MODE.fullmatch, self._known(node, 2)))

    def _known(self, node: ast.expr, depth: int) -> set[str]:
        """Return the possible paths, or `*` for an expression nested too deeply."""
        try:
            return self._texts(node, depth)
        except RecursionError:
            return {_ANY}

    def _texts(self, node: ast.expr, depth: int) -> set[str]:
        """Return the possible paths of an expression, with `*` for unknown parts."""
        found = {_ANY}
        match node:
            case ast.Constant(value=value):
                found = {value} if isinstance(value, str) else set()
            case ast.Name(id=name) | ast.Attribute(attr=name) if depth > 0:
                values = self._values.get(name, ())[:_VALUES]
                each = (self._texts(value, depth - 1) for value in values)
                found = set().union(*each) if values else found
            case ast.JoinedStr() | ast.BinOp() | ast.IfExp():
                found = self._of_parts(node, depth)
            case ast.Call() if depth > 0:
                found = self._of_call(node, depth - 1)
        return found

    def _of_parts(
        self, node: ast.JoinedStr | ast.BinOp | ast.IfExp, depth: int
    ) -> set[str]:
        match node:
            case ast.JoinedStr(values=values):
                inner = (
                    v.value if isinstance(v, ast.FormattedValue) else v for v in values
                )
                return self._joined([self._texts(v, depth) for v in inner], "")
            case ast.BinOp(left=left, op=ast.Div() | ast.Add() as op, right=right):
                between = "/" if isinstance(op, ast.Div) else ""
                both = [self._texts(left, depth), self._texts(right, depth)]
                return self._joined(both, between)
            case ast.IfExp(body=body, orelse=orelse):
                return self._texts(body, depth) | self._texts(orelse, depth)
        return {_ANY}

    def _of_call(self, call: ast.Call, depth: int) -> set[str]:
        name = last_name(call.func)
        parts = [self._texts(each, depth) for each in call.args]
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if name in _JOINING:
            if name == "joinpath" and owner is not None:
                parts.insert(0, self._texts(owner, depth))
            return self._joined(parts, "/")
        if name in _THROUGH:
            inner = call.args[0] if call.args else owner
            return self._texts(inner, depth) if inner is not None else {_ANY}
        if name == "format" and owner is not None:
            return {re.sub(r"\{[^}]*\}", _ANY, t) for t in self._texts(owner, depth)}
        return {_ANY}

    def _joined(self, parts: list[set[str]], between: str) -> set[str]:
        found = {""}
        for number, part in enumerate(parts):
            if len(found) * len(part) > _MOST:
                part = {_ANY}  # noqa: PLW2901 - too many to follow
            found = {
                f"{left}{between if number and left else ''}{right}"
                for left in found
                for right in (part or {_ANY})
            }
        # An unknown folder may be that of the notebook.
        return found | {each.removeprefix("*/") for each in found}
