"""Recognise imports whose failure the notebook's code handles."""

import ast
from typing import Final

from formats.notebook.cell_syntax import last_name
from formats.notebook.steps import Steps

_FAULTS: Final = frozenset(
    {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
)


def expects_failure(handler: ast.ExceptHandler, steps: Steps) -> bool:
    """Return whether the handler catches an import that fails."""
    kind = handler.type
    named = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(each is None or last_name(each) in _FAULTS for each in steps.each(named))
