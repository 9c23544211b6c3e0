"""tqdm's bars of a notebook as text, which is what an executed notebook can show.

`tqdm.notebook` needs ipywidgets, and fails without. Its bars would be widgets, of which
nothing is left when the run has ended.
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
    """Finds `tqdm.notebook` before anybody else, once tqdm itself was found."""

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
            # tqdm.auto looks at these two.
            IProgress=bar,
            WARN_NOIPYW="",
            __all__=["tqdm_notebook", "tnrange", "tqdm", "trange"],
        )


def _text_bar(usual: Any) -> Any:
    """Return a bar of text that takes what a widget's bar takes."""

    class tqdm(usual):  # noqa: N801 - as tqdm calls it
        def __init__(self, *args: Any, display: bool = True, **options: Any) -> None:
            # A widget's width may be in pixels or per cent.
            if isinstance(options.get("ncols"), str):
                del options["ncols"]
            super().__init__(*args, **options)

    tqdm.__module__ = _NAME
    return tqdm


def offer() -> None:
    """From now on `tqdm.notebook` has bars of text."""
    sys.meta_path.insert(0, _StandIn())
