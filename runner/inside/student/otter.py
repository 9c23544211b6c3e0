"""A stand-in for Otter, for notebooks that import it where it is not installed.

They import it in their first cell, often before other things. If that failed, a student
would lose every name that the rest of the cell defines.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

_NAME: Final = "otter"


class Notebook:
    """Otter's grader, which does nothing here: questions are tested separately."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def _nothing(self, *_: object, **__: object) -> None:
        """Return nothing, so that nothing is shown."""

    check = check_all = export = to_pdf = run_plugin = add_plugin_files = _nothing


class _StandIn(MetaPathFinder, Loader):
    """A finder for Otter, tried after all others."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name == _NAME else None

    def exec_module(self, module: ModuleType) -> None:
        module.Notebook = Notebook  # type: ignore[attr-defined]  # a module of our making


def install() -> None:
    """Make `import otter` succeed from now on, whether it is installed or not."""
    sys.meta_path.append(_StandIn())
