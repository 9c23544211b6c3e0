"""A stand-in for the module of Otter that tests of its exception style import."""

import contextlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Final

_NAME: Final = "otter.test_files"


def test_case(**_: object) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Return a decorator without effect: the assignment already holds its settings."""
    return lambda function: function


@contextlib.contextmanager
def otter_installed() -> Iterator[None]:
    """Let tests import Otter's decorator inside, whether Otter is installed or not."""
    module = types.ModuleType(_NAME)
    module.test_case = test_case  # type: ignore[attr-defined]  # a module of our making
    package = types.ModuleType("otter")
    package.test_files = module  # type: ignore[attr-defined]  # same
    kept = {name: sys.modules.get(name) for name in ("otter", _NAME)}
    sys.modules.update({"otter": package, _NAME: module})
    try:
        yield
    finally:
        for name, old in kept.items():
            if old is None:
                del sys.modules[name]
            else:
                sys.modules[name] = old
