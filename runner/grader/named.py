"""Libraries by whose text a name of the tests' own is looked up: they give nothing.

`!!python/name:__main__.want` in a YAML file stands for what is wanted.
"""

import importlib.util
import sys
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final, NoReturn

from numpy.matrixlib import defmatrix

from runner.grader import refusals

_WORDS: Final = (
    "text that names Python's own objects is not read beside the tests: take yaml.safe_load, "
    "or let a function of the notebook read it"
)


class _AfterImport(MetaPathFinder):
    """Changes a module right after it is imported, whenever that is."""

    def __init__(self, name: str, change: Callable[[Any], None]) -> None:
        self._name = name
        self._change = change

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Find the module as others do, and have it changed."""
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            execute = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self._change(module)

            loader.exec_module = exec_module
        return spec


def stand() -> None:
    """Refuse text that names objects of this process, from now on."""
    matrices: Any = defmatrix
    matrices._from_string = _refuse  # noqa: SLF001 - np.bmat reads its caller's variables
    name = "yaml.constructor"
    if name in sys.modules:
        _change_yaml(sys.modules[name])
    else:
        sys.meta_path.insert(0, _AfterImport(name, _change_yaml))


def _change_yaml(module: Any) -> None:
    for constructor in (module.FullConstructor, module.UnsafeConstructor):
        constructor.find_python_name = constructor.find_python_module = _refuse


def _refuse(*_: object, **__: object) -> NoReturn:
    raise refusals.not_permitted(_WORDS)
