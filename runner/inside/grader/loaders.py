"""`torch.load`, `numpy.load` and `pickle.load` for handed-in files.

The file is read here, by readers that run no code in it (`runner/inside/readers`). So a
test gets what the file holds, and not what the student's process says of it. If the
test allows objects of other classes, they stay in the snapshot: in their place it gives
handles, and never data that a file could have held itself.
"""

import contextlib
import importlib
import io
import mmap
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Self

import numpy as np

from runner.inside.grader import refusals
from runner.inside.grader.file_origins import FileOrigins
from runner.inside.grader.handles import is_handle
from runner.inside.grader.snapshot_client import SnapshotClient
from runner.inside.readers import array_files
from runner.inside.readers.object_holes import Holes
from runner.inside.readers.pickle_files import read_pickle
from runner.inside.readers.torch_files import is_script, read_saved
from runner.inside.readers.unreadable import NotReadError, UnreadableError

REFUSED: Final = (
    "tests may unpickle only files in `private`, handed-in files in `files`, and what "
    "they have pickled themselves. Give torch.load, numpy.load or pickle.load the path "
    "of the file, and give pickle.loads only your own pickles"
)
_SCRIPT: Final = "Cannot use ``weights_only=True`` with TorchScript archives passed to ``torch.load``."
_FAILED: Final = "Weights only load failed."
_SAFETENSORS: Final = ".safetensors"
_LARGEST: Final = 2**31
_AT_ONCE: Final = 2**20
_asked: Final[list[SnapshotClient]] = []


@contextlib.contextmanager
def asking(student: SnapshotClient) -> Iterator[None]:
    """Let the question's snapshot read objects in handed-in files inside."""
    _asked.append(student)
    try:
        yield
    finally:
        _asked.pop()


# --- Loaders ---------------------------------------------------------------------


def script_loader(load: Callable[..., Any], origins: FileOrigins) -> Callable[..., Any]:
    """Return a `torch.jit.load` that lets the snapshot read handed-in files."""

    def loaded(f: Any, *arguments: Any, **named: Any) -> Any:
        if origins.is_staff_file(f):
            return load(f, *arguments, **named)
        return _asked[-1].ask("script", _named(origins.handed_in_name(f)))

    return loaded


def torch_loader(load: Callable[..., Any], origins: FileOrigins) -> Callable[..., Any]:
    """Return a `torch.load` that puts handed-in tensors on the CPU, whatever is asked for."""

    def loaded(
        f: Any,
        map_location: Any = None,
        pickle_module: Any = None,
        *,
        weights_only: Any = None,
        **named: Any,
    ) -> Any:
        if origins.is_staff_file(f):
            more = {**named, "weights_only": weights_only}
            return load(f, map_location, pickle_module, **more)
        name = origins.handed_in_name(f)
        if _is_path(f) and os.fspath(f).endswith(_SAFETENSORS):
            return _safetensors(origins.path_of(_named(name)))
        others = pickle_module is not None or weights_only in (False, 0)
        data = _content(f, origins, name)
        with _words("" if others else _FAILED):
            if is_script(data):
                if not others:
                    raise RuntimeError(_SCRIPT)
                return _asked[-1].ask("script", _named(name))
            encoding = named.get("encoding", "utf-8")
            found = read_saved(data, others=others, encoding=encoding)
            return _with_objects(found, ("torch", name, 0), others=others)

    return loaded


def _safetensors(path: str) -> Any:
    """Return the tensors of a safetensors file, known to torch.load by its suffix."""
    # Imported here: an environment may lack the package.
    return importlib.import_module("safetensors.torch").load_file(path)


def array_loader(
    load: Callable[..., Any], load_own: Callable[..., Any], origins: FileOrigins
) -> Callable[..., Any]:
    """Return a `numpy.load`. `load_own` reads the staff's files that hold pickles."""

    def loaded(
        file: Any, mmap_mode: Any = None, allow_pickle: Any = None, **named: Any
    ) -> Any:
        if not allow_pickle:
            return load(file, mmap_mode, allow_pickle=False, **named)
        if origins.is_staff_file(file):
            return load_own(file, mmap_mode, allow_pickle=True, **named)
        name = origins.handed_in_name(file)
        data = _content(file, origins, name)
        encoding = named.get("encoding", "ASCII")
        with _words():
            if array_files.is_archive(data):
                found = array_files.read_archive(data, encoding=encoding)
                return Arrays(_with_objects(found, ("numpy", name, 0)))
            found = array_files.read_array(data, encoding=encoding)
            return _with_objects(found, ("numpy", name, 0))

    return loaded


def load_pickle(file: Any, origins: FileOrigins, **named: Any) -> Any:
    """Return the value of the pickle at the file's position, and move to its end."""
    name, start = origins.handed_in_name(file), file.tell()
    with _words():
        found, end = read_pickle(_content(file, origins, name), **_encoding(named))
        file.seek(start + end)
        return _with_objects(found, ("pickle", name, start))


def load_pickled(data: Any, **named: Any) -> Any:
    """Return the value of the pickled bytes, whoever made them. They hold only data."""
    if type(data) not in (bytes, bytearray, memoryview):
        raise refusals.not_permitted(REFUSED)
    with _words():
        found, _ = read_pickle(memoryview(bytes(data)), **_encoding(named))
        return _with_objects(found, ("pickle", None, 0))


def _encoding(named: Mapping[str, Any]) -> dict[str, Any]:
    return {"encoding": named.get("encoding", "ASCII")}


class Arrays(dict[str, Any]):
    """The arrays of an archive, all read at once, as `numpy.load` gives them."""

    def __init__(self, archive: Any) -> None:
        with contextlib.ExitStack() as stack:
            if isinstance(archive, np.lib.npyio.NpzFile):
                stack.enter_context(archive)
            super().__init__((name, archive[name]) for name in list(archive))
        self.files = list(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing: the archive has been read."""


# --- Bytes -----------------------------------------------------------------------


def _is_path(file: object) -> bool:
    return issubclass(type(file), str | os.PathLike)


def _named(name: str | None) -> str:
    if name is None:
        raise refusals.not_permitted(REFUSED)
    return name


def _content(file: Any, origins: FileOrigins, name: str | None) -> memoryview:
    """Return the bytes of a handed-in file, or the rest of an open file's bytes.

    Reading them runs no code, so any open file may be read, whoever has made it.
    """
    if _is_path(file):
        with open(origins.path_of(_named(name)), "rb") as opened:  # noqa: PTH123 - guarded
            return _mapped(opened)
    kind = type(file)
    if kind is io.BytesIO:
        return memoryview(file.getvalue())[file.tell() :]
    if not issubclass(kind, io.IOBase):
        raise refusals.not_permitted(REFUSED)
    if kind in (io.BufferedReader, io.BufferedRandom, io.FileIO):
        with contextlib.suppress(io.UnsupportedOperation):
            return _mapped(file)[file.tell() :]
    return _rest(file)


def _rest(file: Any) -> memoryview:
    """Return the rest of the open file. A compressed one grows while it is read."""
    content = bytearray()
    while part := file.read(_AT_ONCE):
        content += part
        if len(content) > _LARGEST:
            raise refusals.note(
                NotReadError("the uncompressed file would be larger than 2 GB")
            )
    return memoryview(content).toreadonly()


def _mapped(file: Any) -> memoryview:
    """Return the whole file as mapped memory, which is filled when it is read."""
    if not os.fstat(file.fileno()).st_size:
        return memoryview(b"")
    return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


@contextlib.contextmanager
def _words(before: str = "") -> Iterator[None]:
    """Word the errors of a reader, and note those for files that are only unsupported."""
    try:
        yield
    except NotReadError as error:
        words = f"{before} Tests cannot read this: {error}".strip()
        raise refusals.note(NotReadError(words)) from None
    except UnreadableError as error:
        raise UnreadableError(f"{before} {error}".strip()) from None
    except RecursionError:
        raise UnreadableError("the file's values are nested too deeply") from None


# --- Objects ---------------------------------------------------------------------


def _with_objects(
    value: Any, place: tuple[str, str | None, int], *, others: bool = True
) -> Any:
    """Return the value with the snapshot's objects in the place of other classes' objects.

    `place` says how the snapshot reads the file, the file's name, and where the pickle
    begins.
    """
    holes = Holes(value, others=others)
    if not holes.paths:
        return value
    how, name, start = place
    paths = [list(path) for path in holes.paths]
    objects = _asked[-1].ask("objects", how, _named(name), start, paths)
    if type(objects) is not list or len(objects) != len(paths):
        raise refusals.not_permitted(
            "the student's process did not give one object for each one in the file"
        )
    for each in objects:
        if not is_handle(each):
            raise refusals.not_permitted(
                "the file holds an object of a class, and the student's process gave "
                f"a {type(each).__name__} in its place. Let students save plain data"
            )
    return holes.filled(objects)
