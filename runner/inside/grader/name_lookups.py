"""Libraries that look up an object of this process by a name in a text.

`!!python/name:__main__.want` in a YAML file stands for the expected value, and
`pydoc.locate(answer)` returns whatever object the student has named. Functions that
look up an object by a dotted name accept only the staff's own text.
"""

import importlib.util
import sys
from collections.abc import Callable
from functools import partial, reduce, wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final, NoReturn

from numpy.matrixlib import defmatrix

from runner.inside.grader import refusals
from runner.inside.grader.staff_texts import STAFF_TEXTS

# Functions, by module, whose first text argument names an object of this process.
_LOOK_UP: Final = {
    "pydoc": ("locate",),
    "pkgutil": ("resolve_name",),
    "logging.config": ("_resolve", "BaseConfigurator.resolve"),
    "jsonpickle.unpickler": ("loadclass",),
}
# These modules pass on a part of a name that the test has written.
_ASKERS: Final = frozenset(("unittest.mock", "pydoc"))
_WORDS: Final = (
    "tests may not load text that names Python objects: use yaml.safe_load, or let a "
    "function of the notebook load it"
)
_NOT_FOUND: Final = (
    "tests may not look up an object by a name that is not in their own text: let a "
    "function of the notebook do it, or compare the name"
)


class _AfterImport(MetaPathFinder):
    """A finder that changes a module right after its import."""

    def __init__(self, name: str, change: Callable[[Any], None]) -> None:
        self._name = name
        self._change = change

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Find the module with the other finders, and let its loader change it."""
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


def install() -> None:
    """Refuse from now on text that names objects of this process."""
    matrices: Any = defmatrix
    matrices._from_string = _refuse  # noqa: SLF001 - np.bmat reads its caller's variables
    after_import("yaml.constructor", _change_yaml)
    for name, functions in _LOOK_UP.items():
        after_import(name, partial(_keep_to_own_names, functions))


def after_import(name: str, change: Callable[[Any], None]) -> None:
    """Change this module now if it is imported, or right after its import."""
    if name in sys.modules:
        change(sys.modules[name])
    else:
        sys.meta_path.insert(0, _AfterImport(name, change))


def _keep_to_own_names(functions: tuple[str, ...], module: Any) -> None:
    for path in functions:
        *owners, name = path.split(".")
        owner = reduce(getattr, owners, module)
        setattr(owner, name, _of_own_names(getattr(owner, name)))


def _of_own_names(look_up: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, changed to refuse names that are not in the tests' text."""

    @wraps(look_up)
    def checked(*arguments: Any, **named: Any) -> Any:
        asker = sys._getframe(1).f_globals.get("__name__")  # noqa: SLF001 - who asks decides
        values = (*arguments, *named.values())
        texts = [value for value in values if isinstance(value, str)]
        if asker not in _ASKERS and not all(map(STAFF_TEXTS.covers, texts)):
            raise refusals.not_permitted(_NOT_FOUND)
        return look_up(*arguments, **named)

    return checked


def _change_yaml(module: Any) -> None:
    for constructor in (module.FullConstructor, module.UnsafeConstructor):
        constructor.find_python_name = constructor.find_python_module = _refuse


def _refuse(*_: object, **__: object) -> NoReturn:
    raise refusals.not_permitted(_WORDS)
