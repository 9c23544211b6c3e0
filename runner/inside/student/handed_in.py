"""Objects in handed-in files, read by the student's process.

The grader reads the data in a file itself. An object that it cannot make, of some
class, is made here and stays here.
"""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch


class HandedIn:
    """The folder of handed-in files, and the readers for objects in them."""

    def __init__(self, files: Path) -> None:
        self._files = files

    def load_script(self, name: str) -> object:
        """Return the TorchScript module in a handed-in file."""
        load: Callable[..., object] = torch.jit.load
        return load(str(self._files / name), map_location="cpu")

    def load_objects(
        self, how: str, name: str, offset: int, paths: list[list[Any]]
    ) -> list[object]:
        """Return the objects in a handed-in file to which the paths lead.

        `how` names the library that has written the file, and `offset` is where its
        pickle begins.
        """
        found = _READERS[how](self._files / name, offset)
        return [_object_at(found, path) for path in paths]


def _object_at(found: Any, path: list[Any]) -> object:
    for key in path:
        found = found.flat[key] if isinstance(found, np.ndarray) else found[key]
    return found


def _saved(path: Path, _: int) -> object:
    return torch.load(path, map_location="cpu", weights_only=False)  # noqa: TID251 - in the jail


def _arrays(path: Path, _: int) -> object:
    found = np.load(path, allow_pickle=True)
    if isinstance(found, np.lib.npyio.NpzFile):
        with found:
            return {key: found[key] for key in found.files}
    return found


def _pickled(path: Path, offset: int) -> object:
    with path.open("rb") as source:
        source.seek(offset)
        return pickle.load(source)  # noqa: S301 - in the jail


_READERS: Final[Mapping[str, Callable[[Path, int], object]]] = {
    "torch": _saved,
    "numpy": _arrays,
    "pickle": _pickled,
}
