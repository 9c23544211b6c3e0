"""Files of torch.save: a zip archive of records, or the older single stream."""

import pickle
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from runner.inside.readers import arrays, plain, tensors
from runner.inside.readers.parts import Dialect
from runner.inside.readers.pickles import read
from runner.inside.readers.tensors import Storage, Tensors, storage_of
from runner.inside.readers.unreadable import NotReadError, UnreadableError
from runner.inside.readers.zip_records import START, read_records
from runner.protocol.weights_only import TAKEN

# The instructions that torch's own reader of weights allows.
_INSTRUCTIONS: Final = frozenset(
    code[0]
    for code in (
        *(pickle.APPEND, pickle.APPENDS, pickle.BINFLOAT, pickle.BINGET),
        *(pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.BINPERSID),
        *(pickle.BINPUT, pickle.BINUNICODE, pickle.BUILD, pickle.EMPTY_DICT),
        *(pickle.EMPTY_LIST, pickle.EMPTY_SET, pickle.EMPTY_TUPLE, pickle.GLOBAL),
        *(pickle.LONG1, pickle.LONG_BINGET, pickle.LONG_BINPUT, pickle.MARK),
        *(pickle.NEWFALSE, pickle.NEWOBJ, pickle.NEWTRUE, pickle.NONE, pickle.PROTO),
        *(pickle.REDUCE, pickle.SETITEM, pickle.SETITEMS, pickle.SHORT_BINSTRING),
        *(pickle.STOP, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3),
    )
)
_MAGIC: Final = 0x1950A86A20F9469CFC6C
_LEGACY_VERSION: Final = 1001
_VERSIONS: Final = range(1, 11)
_COUNT: Final = struct.Struct("<q")
_LOAD_FROM_BYTES: Final = "torch.storage._load_from_bytes"


def is_script(data: memoryview) -> bool:
    """Return whether this is a TorchScript archive."""
    return bytes(data[:4]) == START and "constants.pkl" in read_records(data)


def read_saved(
    data: memoryview, *, others: bool = False, encoding: str = "utf-8"
) -> Any:
    """Return the value that torch.save has written. Raises UnreadableError.

    With `others` it may hold objects of other classes, which become holes (see `pickles`).
    """
    tensors_ = Tensors()
    by_kind = _read_zip if bytes(data[:4]) == START else _read_stream
    found = by_kind(data, tensors_, others, encoding)
    tensors_.check()
    return found


def dialect_of(
    tensors_: Tensors,
    stored: Any,
    others: bool,  # noqa: FBT001 - passed on
    encoding: str,
) -> Dialect:
    """Return the dialect of torch's pickles, with or without objects of `others`."""
    if others:
        makers: Mapping[str, Any] = {
            **plain.MAKERS,
            **arrays.MAKERS,
            **tensors_.makers,
            _LOAD_FROM_BYTES: _storage_from_bytes,
        }
        arguments = plain.ARGUMENTS | arrays.ARGUMENTS | tensors.ARGUMENTS
    else:
        makers = {**plain.WITH_WEIGHTS, **arrays.WITH_WEIGHTS, **tensors_.makers}
        arguments = frozenset(TAKEN)
    return Dialect(
        makers=makers,
        constants=tensors.CONSTANTS,
        arguments=arguments,
        others=others,
        maps_always=not others,
        instructions=None if others else _INSTRUCTIONS,
        stored=stored,
        encoding=encoding,
    )


# --- Archives --------------------------------------------------------------------


def _read_zip(data: memoryview, tensors_: Tensors, others: bool, encoding: str) -> Any:  # noqa: FBT001 - passed on
    records = read_records(data)
    if "constants.pkl" in records:
        raise NotReadError("the file is a TorchScript archive")
    _check_records(records)
    storages: dict[str, tuple[Storage, object]] = {}

    def stored(pid: object) -> Storage:
        kind, key, count = _parts(pid, 5)
        name = f"data/{key}"
        if type(key) is not str or name not in records:
            raise UnreadableError("a storage is not in the archive")
        if key in storages:
            return _same(storages[key], kind, count)
        content = records[name]
        storage = storage_of(kind, count, content.nbytes)
        if storage.content.nbytes() != content.nbytes:
            raise UnreadableError("a storage has another size than its record")
        storage.fill(content)
        storages[key] = (storage, kind)
        return storage

    dialect = dialect_of(tensors_, stored, others, encoding)
    return read(records["data.pkl"], dialect)[0]


def _check_records(records: Mapping[str, memoryview]) -> None:
    """Raise UnreadableError unless the records beside the tensors are as torch reads them."""
    version = bytes(records.get("version", b"")).strip()
    if "data.pkl" not in records or not version.isdigit():
        raise UnreadableError("the archive was not written by torch.save")
    if ".data/version" in records or int(version) not in _VERSIONS:
        raise NotReadError("the archive has an unsupported version")
    if bytes(records.get("byteorder", b"little")) != b"little":
        raise NotReadError("the archive's numbers are big-endian")


def _parts(pid: object, count: int) -> tuple[Any, Any, Any]:
    """Return the kind, the key and the length of the storage that a pickle names."""
    if (
        type(pid) is not tuple
        or len(pid) != count
        or pid[0] not in ("storage", b"storage")
    ):
        raise UnreadableError("the pickle refers to something that is not a storage")
    if pid[3] in ("meta", b"meta"):
        raise NotReadError("a tensor is on the device “meta”, without data")
    return pid[1], pid[2], pid[4]


def _same(found: tuple[Storage, object], kind: object, count: object) -> Storage:
    storage, first = found
    if kind != first or type(count) is not int or count != storage.count:
        raise UnreadableError("a storage is described in two ways")
    return storage


# --- Streams ---------------------------------------------------------------------


def _read_stream(
    data: memoryview,
    tensors_: Tensors,
    others: bool,  # noqa: FBT001 - passed on
    encoding: str,
) -> Any:
    storages: dict[str, tuple[Storage, object]] = {}
    stored = _in_stream(storages, len(data), others=others)
    dialect = dialect_of(tensors_, stored, others, encoding)
    at = 0
    found: list[Any] = []
    for expected in (_MAGIC, _LEGACY_VERSION, None, None, None):
        value, at = read(data, dialect, at)
        found.append(value)
        if expected is not None and (type(value), value) != (int, expected):
            raise UnreadableError("the file was not written by torch.save")
    _fill(data[at:], storages, found[4])
    return found[3]


def _in_stream(
    storages: dict[str, tuple[Storage, object]], room: int, *, others: bool
) -> Callable[[object], object]:
    """Return a function that makes and notes the empty storages that a stream names.

    They may have `room` bytes together.
    """

    def stored(pid: object) -> object:
        nonlocal room
        if others and type(pid) is tuple and pid[:1] == ("module",):
            return pid[1]  # a class, pickled with its source
        if type(pid) is not tuple or len(pid) != 6 or pid[5] is not None:  # noqa: PLR2004 - with its view
            raise UnreadableError(
                "the pickle refers to something that is not a storage"
            )
        kind, key, count = _parts(pid[:5], 5)
        if type(key) is not str:
            raise UnreadableError("a storage has no name")
        if key in storages:
            return _same(storages[key], kind, count)
        storage = storage_of(kind, count, room)
        if storage.is_untyped:
            raise UnreadableError("a storage has no dtype")
        room -= storage.content.nbytes()
        storages[key] = (storage, kind)
        return storage

    return stored


def _fill(
    data: memoryview, storages: Mapping[str, tuple[Storage, object]], keys: object
) -> None:
    """Fill the storages with the bytes after the pickles, in the order of the keys."""
    if type(keys) is not list or not all(type(key) is str for key in keys):
        raise UnreadableError("the file's list of storages is invalid")
    if len(set(keys)) != len(keys) or set(keys) != set(storages):
        raise UnreadableError("the file's storages are not those of its tensors")
    at = 0
    for key in keys:
        storage, _ = storages[key]
        begin = at + _COUNT.size
        at = begin + storage.content.nbytes()
        if at > len(data):
            raise UnreadableError("the file is incomplete")
        (count,) = _COUNT.unpack(data[begin - _COUNT.size : begin])
        if count != storage.count:
            raise UnreadableError("a storage has another size than the file says")
        storage.fill(data[begin:at])


def _storage_from_bytes(content: Any) -> Storage:
    """Return the storage in bytes within a pickle that torch.save has not written."""
    if type(content) is not bytes:
        raise UnreadableError("a storage's content is not bytes")
    tensors_ = Tensors()
    data = memoryview(content)
    if bytes(data[:4]) == START:
        raise NotReadError("a storage within a pickle is a zip archive")
    found = _read_stream(data, tensors_, others=False, encoding="utf-8")
    if type(found) is not Storage:
        raise NotReadError("the bytes of a storage hold something else")
    return found
