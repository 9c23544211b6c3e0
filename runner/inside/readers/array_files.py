"""Files of numpy.save and numpy.savez, including arrays of pickled objects."""

import io
import zipfile
from typing import Any, Final

import numpy as np

from runner.inside.readers.pickle_files import read_pickle
from runner.inside.readers.unreadable import NotReadError, UnreadableError

_ARRAY: Final = b"\x93NUMPY"
_ARCHIVES: Final = (b"PK\x03\x04", b"PK\x05\x06")
_LARGEST: Final = 2**31
_HEADERS: Final[Any] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def is_archive(data: memoryview) -> bool:
    """Return whether the file is an archive of several named arrays."""
    return bytes(data[:4]) in _ARCHIVES


def read_archive(data: memoryview, *, encoding: str = "ascii") -> dict[str, Any]:
    """Return the arrays of an archive by their names. Raises UnreadableError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len({member.filename for member in members}) != len(members):
                raise UnreadableError("two of the file's arrays have the same name")
            if sum(member.file_size for member in members) > _LARGEST:
                raise NotReadError("the uncompressed file would be larger than 2 GB")
            return {
                member.filename.removesuffix(".npy"): _member(archive, member, encoding)
                for member in members
            }
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise UnreadableError(
            f"the file is not an archive of arrays: {error}"
        ) from error


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, encoding: str) -> Any:
    with archive.open(member) as source:
        content = source.read(member.file_size + 1)
    # numpy returns the bytes of a member that is not an array.
    is_array = content.startswith(_ARRAY)
    if not is_array:
        return content
    return read_array(memoryview(content), encoding=encoding)


def read_array(data: memoryview, *, encoding: str = "ascii") -> Any:
    """Return the array, with holes for objects of other classes. Raises UnreadableError."""
    source = io.BytesIO(data)
    if bytes(data[: len(_ARRAY)]) != _ARRAY:
        return read_pickle(data, encoding=encoding)[0]
    try:
        version = np.lib.format.read_magic(source)
        if version not in _HEADERS:
            return np.lib.format.read_array(_from_start(source), allow_pickle=False)
        shape, _, dtype = _HEADERS[version](source)
        if not dtype.hasobject:
            return np.lib.format.read_array(_from_start(source), allow_pickle=False)
    except ValueError as error:
        raise UnreadableError(f"the file's array cannot be read: {error}") from error
    found, _ = read_pickle(data, source.tell(), encoding=encoding)
    if type(found) is not np.ndarray or found.shape != shape or found.dtype != dtype:
        raise NotReadError("the array does not match its header")
    return found


def _from_start(source: io.BytesIO) -> io.BytesIO:
    source.seek(0)
    return source
