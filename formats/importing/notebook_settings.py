"""Find settings of libraries in the staff notebook, which do not hold in the tests.

A setting such as torch's default dtype belongs to one process. The notebook sets it for
the code that is tested. The tests run in a process of their own.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from formats.assignment.notebook_cells import source_of
from formats.assignment.value_origins import imported_names
from formats.importing.library_changes import full_name
from formats.importing.mentions import tree_of
from formats.importing.statements import dotted
from formats.problems import Problem

_SETTERS: Final = frozenset(
    {
        *("torch.set_default_dtype", "torch.set_default_device"),
        *("torch.set_default_tensor_type", "torch.set_printoptions"),
        *("torch.set_grad_enabled", "torch.set_float32_matmul_precision"),
        *("numpy.set_printoptions", "numpy.seterr", "pandas.set_option"),
        *("decimal.setcontext", "locale.setlocale"),
    }
)
# Objects whose attributes are settings.
_SETTINGS: Final = ("decimal.getcontext", "pandas.options")
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def settings_of(cells: Iterable[dict[str, Any]]) -> Mapping[str, str]:
    """Return the settings that the cells make outside of functions.

    Each full name of a setter is mapped to the name by which the notebook calls it.
    """
    trees = [
        tree
        for cell in cells
        if cell["cell_type"] == "code"
        and (tree := tree_of(source_of(cell))) is not None
    ]
    libraries: dict[str, str] = {}
    for tree in trees:
        libraries |= imported_names(tree)
    found: dict[str, str] = {}
    for tree in trees:
        for node in _outside_functions(tree):
            for name in _set_by(node):
                full = full_name(name, libraries)
                if full in _SETTERS or full.startswith(_SETTINGS):
                    found.setdefault(full, name)
    return found


def notes_on_settings(
    settings: Mapping[str, str], tests: Iterable[str]
) -> Iterator[Problem]:
    """Yield a note for each of these settings that no text of the tests mentions."""
    texts = list(tests)
    for full, name in settings.items():
        last = name.rpartition(".")[2]
        if not any(last in text for text in texts):
            yield Problem(
                message=f"The notebook sets `{name}`. The tests run in a process of "
                f"their own, where {full.partition('.')[0]} has its own default.",
                file="staff.ipynb",
                hint="If a test depends on the setting, make it there, too, or write "
                "what you need: `torch.randn(3, dtype=torch.float64)`.",
            )


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, _FUNCTIONS):
            yield node
            yield from _outside_functions(node)


def _set_by(node: ast.AST) -> Iterator[str]:
    """Yield the dotted name of what a call or an assignment may set."""
    match node:
        case ast.Call(func=function):
            yield dotted(function)
        case ast.Attribute(value=ast.Call(func=function), ctx=ast.Store()):
            yield dotted(function)
        case ast.Attribute(ctx=ast.Store()):
            yield dotted(node)
