"""Find the files beside a foreign notebook that are certainly its input data.

SECURITY: when staff run their notebook, it leaves its results beside it. In a student's
folder, weights or predictions of the staff's would stand in for those that the student
should make. Code can write a file in more ways than anybody can list, so a file counts
as given only if the hand-out reads it and no code does anything else with its name.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePath, PurePosixPath
from typing import Any, Final

from formats.assignment.notebook_cells import source_of
from formats.importing.mentions import mentions_file, non_python_lines, tree_of
from formats.importing.nbgrader_regions import solution_lines
from formats.importing.path_uses import NotebookCode, PathUse
from formats.importing.written_files import may_write
from formats.notebook.cell_syntax import last_name

Place = tuple[int, int]

# Files of settings beside the notebook: they say how its code runs, and on which files.
SETTINGS: Final = frozenset(
    {*(".yaml", ".yml", ".json", ".toml", ".cfg", ".ini", ".sh")}
)
# Files that training leaves, also under names that only a library chooses.
_WEIGHTS: Final = frozenset(
    {
        *(".pt", ".pth", ".ckpt", ".safetensors", ".onnx", ".keras", ".h5", ".hdf5"),
        *(".pkl", ".pickle", ".joblib", ".model", ".bin", ".pb", ".tflite", ".gguf"),
    }
)
_TRAINING: Final = re.compile(r"fit\w*|\w*train|train\w*|learn|main|run\w*|Trainer")
_TOKEN: Final = re.compile(r"\w[\w.-]*")
_PREFIX: Final = re.compile(r"\w*(?:prefix|path|file|name|out|save|stem|dest|dir)\w*")
_SHOWING: Final = re.compile(
    r"\s*[%!]?\s*(?:head|tail|cat|ls|wc|less|more|file|du|stat)\b"
)
_ONWARDS: Final = re.compile(r"[>|;&`$]")
_HARMLESS: Final = re.compile(
    r"\s*(?:[%!]\s*(?:pip|conda|ls|pwd|nvidia-smi)\b|%\w|$|#)"
)
_ANYWHERE: Final[Place] = (0, 0)
_LAST: Final[Place] = (10**9, 0)


class DataFileUses:
    """The uses that an assignment's code makes of files beside its notebook."""

    def __init__(
        self,
        staff: list[dict[str, Any]],
        handout: list[dict[str, Any]],
        beside: Mapping[str, str],
    ) -> None:
        """Read the code of cells without checks, and of modules and settings beside."""
        given = {source_of(cell) for cell in handout}
        self._places: dict[int, Place] = {}
        self._loose: list[tuple[Place, str]] = []
        self._work: Place = _LAST
        self._unconditional: set[int] = set()
        trees = []
        for number, source in enumerate(_sources(staff, handout), 1):
            is_theirs = source not in given
            tree = tree_of(source)
            lines = non_python_lines(source, has_tree=tree is not None)
            self._loose += [((number, 0), line) for line in lines if line.strip()]
            if tree is not None:
                trees.append(tree)
                self._place(tree, number, source if is_theirs else "")
        modules = {n: t for n, t in beside.items() if n.endswith(".py")}
        parsed = {name: tree_of(text) for name, text in modules.items()}
        self._settings = "\n".join(t for n, t in beside.items() if not parsed.get(n))
        self._code = NotebookCode([*trees, *(each for each in parsed.values() if each)])
        self._learn()

    def is_input_data(self, path: PurePath) -> bool:
        """Return whether a file that the hand-out reads is certainly input data."""
        return self._is_read(path, least=PathUse.READ)

    def is_only_read(self, path: PurePath) -> bool:
        """Return whether no code does more with a file's name than read the file."""
        return self._is_read(path, least=PathUse.IDLE)

    def _is_read(self, path: PurePath, *, least: PathUse) -> bool:
        texts = self._texts_of(path.name)
        lines = [line for _, line in self._loose if mentions_file(line, path.name)]
        if mentions_file(self._settings, path.name) or not all(map(_only_shows, lines)):
            return False
        uses = {id(text): self._code.use_of(text) for text in texts}
        shown = [PathUse.READ] if lines else []
        worst = max((*uses.values(), *shown), default=PathUse.IDLE)
        if worst is PathUse.UNKNOWN or worst < least:
            return False
        reads = (
            self._places.get(each, _LAST)
            for each, use in uses.items()
            if use is PathUse.READ and each in self._unconditional
        )
        first = min(reads, default=_LAST)
        if path.suffix.lower() in _WEIGHTS and texts and self._work < first:
            return False
        return not any(self._may_write(path, first))

    def _texts_of(self, name: str) -> list[ast.Constant]:
        if _TOKEN.fullmatch(name):
            return self._tokens.get(name, [])
        return [
            each for each in self._code.texts if mentions_file(str(each.value), name)
        ]

    # --- Facts about the code -------------------------------------------------------

    def _place(self, tree: ast.Module, number: int, theirs: str) -> None:
        """Note the place of each text, and where students' work or training begins."""
        solution = solution_lines(theirs)
        if theirs:
            self._work = min(self._work, (number, min(solution, default=0)))
        for node in ast.walk(tree):
            line = getattr(node, "lineno", 0)
            self._places[id(node)] = (number, line)
            if _trains(node):
                self._work = min(self._work, (number, line))
        is_whole = bool(theirs) and not solution
        for node in _at_once(tree):
            if not is_whole and getattr(node, "lineno", 0) not in solution:
                self._unconditional.add(id(node))

    def _learn(self) -> None:
        self._tokens: dict[str, list[ast.Constant]] = {}
        self._patterns: list[tuple[str, frozenset[str], Place]] = []
        seen: set[int] = set()
        for text in self._code.texts:
            for token in set(_TOKEN.findall(str(text.value))):
                self._tokens.setdefault(token, []).append(text)
            whole = self._code.path_expression_of(text)
            if id(whole) not in seen:
                seen.add(id(whole))
                self._learn_pattern(whole, text)
        loads: dict[str, Place] = {}
        for name, place in self._loaded():
            loads[name] = min(place, loads.get(name, _LAST))
        self._first_loads = loads
        for place, line in self._loose:
            if not _HARMLESS.match(line) and not _only_shows(line):
                self._work = min(self._work, place)

    def _loaded(self) -> Iterator[tuple[str, Place]]:
        for node_id, node in self._code.nodes.items():
            if isinstance(node, ast.Name | ast.Attribute):
                name = node.id if isinstance(node, ast.Name) else node.attr
                yield name, self._places.get(node_id, _ANYWHERE)

    def _learn_pattern(self, whole: ast.AST, text: ast.Constant) -> None:
        """Keep an expression that may be a path but is not written out in full."""
        above = self._code.above.get(id(whole))
        call = (
            self._code.above.get(id(above)) if isinstance(above, ast.keyword) else above
        )
        is_writing = isinstance(call, ast.Call) and may_write(call)
        is_computed = whole is not text
        pattern = _known_pattern(whole) if is_computed else str(text.value)
        pattern = PurePosixPath(pattern.replace("\\", "/")).name
        if not is_computed:
            # A library may add the suffix.
            is_prefix = isinstance(above, ast.keyword) and _PREFIX.fullmatch(
                above.arg or ""
            )
            if not (is_prefix or is_writing) or not re.search(r"\w", pattern):
                return
            pattern += ".*"
        if not re.search(r"\w", pattern) and not is_writing:
            return
        if self._code.use_of(text) is PathUse.UNKNOWN:
            place = self._places.get(id(text), _ANYWHERE)
            self._patterns.append((pattern, self._code.within(whole), place))

    def _may_write(self, path: PurePath, first: Place) -> Iterator[bool]:
        """Yield whether each matching path expression comes before the first read."""
        for pattern, functions, place in self._patterns:
            if fnmatchcase(path.name, pattern):
                places = [self._first_loads.get(each, _LAST) for each in functions]
                yield min(places, default=place) < first or first == _LAST


def _sources(
    staff: Iterable[dict[str, Any]], handout: Iterable[dict[str, Any]]
) -> Iterator[str]:
    """Yield the code of the staff's cells, then of cells that only students have."""
    found = [source_of(cell) for cell in staff if cell["cell_type"] == "code"]
    yield from found
    known: Collection[str] = frozenset(found)
    for cell in handout:
        if cell["cell_type"] == "code" and source_of(cell) not in known:
            yield source_of(cell)


def _trains(node: ast.AST) -> bool:
    """Return whether a call may train a model. `net.train()` only sets its mode."""
    if not isinstance(node, ast.Call) or not (node.args or node.keywords):
        return False
    return bool(_TRAINING.fullmatch(last_name(node.func)))


def _only_shows(line: str) -> bool:
    """Return whether a shell line only shows files."""
    return bool(_SHOWING.match(line)) and not _ONWARDS.search(line)


def _at_once(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes that always run when their cell runs."""
    waiting: list[ast.AST] = [*tree.body]
    later = (
        *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
        *(ast.If, ast.Try, ast.While, ast.IfExp, ast.BoolOp),
    )
    while waiting:
        node = waiting.pop()
        if not isinstance(node, later):
            yield node
            waiting += ast.iter_child_nodes(node)


def _known_pattern(node: ast.AST) -> str:
    try:
        return _pattern(node)
    except RecursionError:
        return "*"


def _pattern(node: ast.AST) -> str:
    """Return the path of an expression, with `*` for each computed part."""
    found = "*"
    match node:
        case ast.Constant(value=str(value)):
            found = re.sub(r"\{[^}]*\}|%\w", "*", value)
        case ast.JoinedStr(values=values):
            found = "".join(map(_pattern, values))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            found = _pattern(left) + _pattern(right)
        case ast.BinOp(left=left, op=ast.Mod()):
            found = _pattern(left)
        case ast.BinOp(right=last) | ast.Call(args=[*_, last]):
            found = "*/" + _pattern(last)
        case ast.Call(func=ast.Attribute(value=value)):
            found = _pattern(value)
    return found
