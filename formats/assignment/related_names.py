"""Find names of a hand-out that are related to each other.

A question is not tested below a cell of the hand-out that is related to the tested
names: below it, the test might measure the hand-out's own work. Two names are related
if a statement of the hand-out or of the solution contains both, or if each is related
to a third name. What the statement does with them does not matter.
"""

import ast
import builtins
import re
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from formats.assignment.scope_names import ScopeNames, names_in
from formats.notebook.cell_syntax import Budget, TooComplexError, parse, walk
from formats.notebook.ipython_syntax import (
    is_python_magic,
    run_python,
    split_cell_magic,
)

ANY: Final = "*"
# Marks the name of an object of which a statement sets a part.
_CHANGED: Final = "part of "
# The most related names that are listed for a cell. A cell with more is related to any
# name.
_MOST: Final = 500
# IPython's own commands that give the notebook's names no other value.
_COMMAND: Final = re.compile(r"^[ \t]*+(?:[\w, ]++=[ \t]*+)?%%?(\w+)", re.MULTILINE)
_HARMLESS: Final = frozenset(
    (
        *("matplotlib", "time", "timeit", "prun", "capture", "config", "pip"),
        *("conda", "pwd", "cd", "ls", "mkdir", "who", "env", "debug"),
        *("bash", "sh", "html", "HTML", "latex", "markdown", "svg", "javascript"),
        *("js", "writefile", "file"),
    )
)
# Names and attributes through which code can reach any name of the notebook.
_REACH_ALL: Final = frozenset(
    (
        *("exec", "eval", "compile", "globals", "locals", "vars", "__import__"),
        *("get_ipython", "__main__", "builtins", "__builtins__"),
    )
)
_ATTRIBUTES_REACH_ALL: Final = frozenset(
    (
        *("__dict__", "__globals__", "f_globals", "f_locals", "user_ns", "run_cell"),
        *("run_line_magic", "run_path", "run_module", "reload", "exec_module"),
        *("get_objects", "get_referrers"),
    )
)
# Modules that are not the course's own. Two cells are not related because both use one.
_LIBRARIES: Final = sys.stdlib_module_names - {"builtins", "__main__"} | frozenset(
    (
        *("numpy", "scipy", "pandas", "sklearn", "statsmodels", "sympy", "networkx"),
        *("torch", "torchvision", "torchaudio", "torchtext", "torchmetrics", "timm"),
        *("torchinfo", "torchsummary", "torch_geometric", "lightning", "einops"),
        *("pytorch_lightning", "tensorflow", "keras", "jax", "flax", "optax"),
        *("transformers", "datasets", "tokenizers", "sentencepiece", "accelerate"),
        *("peft", "huggingface_hub", "evaluate", "nltk", "spacy", "gensim"),
        *("matplotlib", "mpl_toolkits", "seaborn", "plotly", "IPython", "ipywidgets"),
        *("PIL", "cv2", "skimage", "imageio", "librosa", "h5py", "yaml", "tqdm"),
        *("joblib", "numba", "requests", "bs4", "gym", "gymnasium", "xgboost"),
        *("lightgbm", "optuna", "captum", "otter", "nbgrader", "faiss", "umap"),
    )
)
# Parts of libraries that users are meant to set.
_SETTINGS: Final = frozenset(("rcParams", "environ", "options", "backends", "display"))
# A text that names a file relates the cells that have it.
_FILE: Final = re.compile(r"[\w./\\-]*\w\.[A-Za-z]\w{1,5}")
_WORD: Final = re.compile(r"\w+")
_BUILTINS: Final = frozenset(dir(builtins))
_CONSTANT_NODES: Final = (
    *(ast.Constant, ast.UnaryOp, ast.BinOp, ast.IfExp, ast.Compare, ast.Tuple),
    *(ast.operator, ast.unaryop, ast.cmpop, ast.expr_context),
)
# Calls without a state: their results depend on their arguments alone.
_CONSTANT_CALLS: Final = ("torch.device", "torch.cuda.is_available")


@dataclass(frozen=True, kw_only=True)
class _Read:
    """The names of a cell, by statements, and the ways in which it binds them.

    `imported` maps names to modules. `bindings` maps other names to the texts of the
    constants that they are given, "" for anything else.
    """

    statements: tuple[frozenset[str], ...] = ()
    imported: Mapping[str, frozenset[str]] = field(default_factory=dict)
    bindings: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return frozenset().union(*self.statements)


def related_in_cells(
    sources: Sequence[str], staff: Iterable[str] = ()
) -> Iterator[frozenset[str]]:
    """Yield, for each code cell, all names to which its own names are related.

    "*" stands for any name. `staff` are the cells of the staff's notebook, which says
    what the parts relate that students write.
    """
    cells = _read_all(sources)
    everything = [*cells, *_read_all(staff)]
    apart = _apart(everything)
    groups = _Groups()
    replaced = frozenset(_CHANGED + name for name in apart)
    for cell in everything:
        for statement in cell.statements:
            names = statement - apart
            groups.join(names if replaced.isdisjoint(statement) else (ANY, *names))
    members = groups.members()
    for cell in cells:
        found = {groups.find(name) for name in cell.names - apart}
        related = {name for one in found for name in members[one]}
        is_any = ANY in related or len(related) > _MOST
        yield (
            frozenset((ANY,))
            if is_any
            else frozenset(filter(str.isidentifier, related))
        )


def _apart(cells: Iterable[_Read]) -> frozenset[str]:
    """Return the names that relate nothing: those of libraries and of constants.

    No cell binds such a name in another way.
    """
    modules: dict[str, set[str]] = defaultdict(set)
    values: dict[str, set[str]] = defaultdict(set)
    for cell in cells:
        for name, found in cell.imported.items():
            modules[name] |= found
        for name, found in cell.bindings.items():
            values[name] |= found
    libraries = {name for name, found in modules.items() if found <= _LIBRARIES}
    constants = {
        name for name, found in values.items() if len(found) == 1 and "" not in found
    }
    bound = values.keys() | modules.keys()
    apart = (libraries - values.keys()) | (constants - modules.keys())
    return frozenset((apart | (_BUILTINS - bound - _REACH_ALL)) - {ANY})


class _Groups:
    """Groups of names, which grow together."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def find(self, name: str) -> str:
        """Return the name that stands for the group of `name`."""
        above = self._above.setdefault(name, name)
        while above != name:
            # Shorten the way for the next one.
            self._above[name] = self._above.setdefault(above, above)
            name, above = above, self._above[above]
        return name

    def join(self, names: Iterable[str]) -> None:
        """Put all the names into one group."""
        found = [self.find(name) for name in names]
        for one in found:
            self._above[one] = found[0]

    def members(self) -> Mapping[str, set[str]]:
        """Return all groups, by the names that stand for them."""
        members: dict[str, set[str]] = defaultdict(set)
        for name in list(self._above):
            members[self.find(name)].add(name)
        return members


def _read_all(sources: Iterable[str]) -> list[_Read]:
    budget = Budget()
    return [_read(text) if budget.covers(text) else _UNREAD for text in sources]


_UNREAD: Final = _Read(statements=(frozenset((ANY,)),))


@lru_cache(maxsize=1024)
def _read(source: str) -> _Read:
    source = textwrap.dedent(source)
    magic, _, _ = split_cell_magic(source)
    commands = {magic, *_COMMAND.findall(source)} - {""}
    if not commands <= _HARMLESS:
        return _UNREAD
    if not is_python_magic(magic):
        return _Read(statements=(frozenset(_files_in(source)),))
    try:
        return _read_statements(parse(run_python(source)).body)
    except SyntaxError:
        # The cell does not run as Python, but a magic may run code that is not read
        # correctly here.
        return _Read(
            statements=(frozenset((*_WORD.findall(source), *_files_in(source))),)
        )
    except (TooComplexError, RecursionError):
        return _UNREAD


def _read_statements(statements: Iterable[ast.stmt]) -> _Read:
    found: list[frozenset[str]] = []
    imported: dict[str, set[str]] = defaultdict(set)
    bindings: dict[str, set[str]] = defaultdict(set)
    for statement in statements:
        scope = names_in([statement])
        for name, module in scope.imported.items():
            imported[name].add(module)
        text = _constant(statement)
        for name in scope.bound | scope.declared:
            bindings[name].add(text)
        found += _related(statement, scope)
    return _Read(
        statements=tuple(found),
        imported={name: frozenset(some) for name, some in imported.items()},
        bindings={name: frozenset(some) for name, some in bindings.items()},
    )


def _related(statement: ast.stmt, scope: ScopeNames) -> Iterator[frozenset[str]]:
    """Yield the groups of names that a statement relates."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        for name, module in scope.imported.items():
            is_any = name == ANY or module in _REACH_ALL
            own = () if module in _LIBRARIES else (f"module {module}",)
            yield frozenset((ANY,) if is_any else (name, *own))
        return
    names = scope.names
    names.update(
        f"module {one}" for one in scope.imported.values() if one not in _LIBRARIES
    )
    for node in walk(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.update(_files_in(node.value))
        elif _reaches_all(node):
            names.add(ANY)
        elif root := _root_of_change(node):
            names.add(_CHANGED + root)
    yield frozenset(names)


def _reaches_all(node: ast.AST) -> bool:
    """Return whether the node may lead to any name of the notebook."""
    if isinstance(node, ast.Name):
        return node.id in _REACH_ALL
    if isinstance(node, ast.Import | ast.ImportFrom):
        found = names_in([node]).imported
        return ANY in found or not _REACH_ALL.isdisjoint(found.values())
    if not isinstance(node, ast.Attribute):
        return False
    is_modules = node.attr == "modules" and _root(node) == "sys"
    return is_modules or node.attr in _ATTRIBUTES_REACH_ALL


def _root_of_change(node: ast.AST) -> str:
    """Return the name of the object of which the node sets or deletes a part, or ""."""
    if isinstance(node, ast.Attribute | ast.Subscript):
        return "" if isinstance(node.ctx, ast.Load) else _root(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        return _root(node.args[0]) if node.func.id in {"setattr", "delattr"} else ""
    return ""


def _root(node: ast.AST) -> str:
    """Return the name of the object of which the node is a part, "" for a setting."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute) and node.attr in _SETTINGS:
            return ""
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _files_in(text: str) -> Iterator[str]:
    """Yield a mark, which is no name, for each file that the text seems to name."""
    for found in _FILE.finditer(text):
        yield "file " + found.group().replace("\\", "/").rpartition("/")[-1]


def _constant(statement: ast.stmt) -> str:
    """Return the text of the constant to which the statement binds its name, or ""."""
    if isinstance(statement, ast.Assign) and _is_constant(statement.value):
        (target, *others) = statement.targets
        if isinstance(target, ast.Name) and not others:
            return ast.dump(statement.value)
    return ""


def _is_constant(value: ast.AST) -> bool:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return not _FILE.search(value.value)
    if isinstance(value, ast.Call):
        called = ast.unparse(value.func)
        return called in _CONSTANT_CALLS and all(map(_is_constant, value.args))
    return isinstance(value, _CONSTANT_NODES) and all(
        map(_is_constant, ast.iter_child_nodes(value))
    )
