"""tqdm's notebook bars as text, which an executed notebook can show.

`tqdm.notebook` needs ipywidgets, and fails without. Its bars would be widgets, of which
nothing remains when the run has ended.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

_NAME: Final = "tqdm.notebook"


class _StandIn(MetaPathFinder, Loader):
    """A finder for `tqdm.notebook`, tried before all others once tqdm was found."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name == _NAME else None

    def exec_module(self, module: ModuleType) -> None:
        usual: Any = import_module("tqdm.std")
        bar = _text_bar(usual.tqdm)

        def trange(*args: int, **options: Any) -> Any:
            return bar(range(*args), **options)

        vars(module).update(
            tqdm=bar,
            tqdm_notebook=bar,
            trange=trange,
            tnrange=trange,
            # tqdm.auto reads these two.
            IProgress=bar,
            WARN_NOIPYW="",
            __all__=["tqdm_notebook", "tnrange", "tqdm", "trange"],
        )


def _text_bar(usual: Any) -> Any:
    """Return a class of text bars that takes the arguments of a widget's bar."""

    class tqdm(usual):  # noqa: N801 - as tqdm calls it
        def __init__(self, *args: Any, display: bool = True, **options: Any) -> None:
            # The width of a widget may be in pixels or per cent.
            if isinstance(options.get("ncols"), str):
                del options["ncols"]
            super().__init__(*args, **options)

    tqdm.__module__ = _NAME
    return tqdm


def install() -> None:
    """Make `tqdm.notebook` show bars of text from now on."""
    sys.meta_path.insert(0, _StandIn())
