"""What the codec's modules share: errors, buffers, and the two sides' base classes."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from runner.values.link import MAX_BUFFERS, Buffer

Node = Any
# So short is written into the node itself: a list of ten thousand numpy scalars would
# else need more buffers than a message may have.
_INLINE: Final = 32
# Lists of numbers are packed only while this many buffers are left for others.
_RESERVE: Final = MAX_BUFFERS // 2


class CodecError(ValueError):
    """The tree is not one that may stand for a value, or the value cannot cross."""


class RefusedError(CodecError):
    """The value cannot cross. The words name its kind and say what to do."""


class ObjectWithinError(CodecError):
    """Something that is no data stands where only data may."""


class _DataOnly:
    """A side that can be told to take nothing but data for a while."""

    def __init__(self) -> None:
        self._levels = 0

    @property
    def is_data_only(self) -> bool:
        return self._levels > 0

    @contextlib.contextmanager
    def data_only(self) -> Iterator[None]:
        """Raise ObjectWithinError inside for what is no data."""
        self._levels += 1
        try:
            yield
        finally:
            self._levels -= 1


class EncoderBase(_DataOnly, ABC):
    """What the encoders of single kinds ask of the encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.buffers: list[Buffer] = []
        # A leaf's gradient goes with it.
        self.sends_gradients = True
        # A column of pandas goes with its NA, which comparisons skip.
        self.sends_missing = False

    @abstractmethod
    def encode(self, value: object, depth: int = 0) -> Node:
        """Return the node of the value. Raises CodecError."""

    def path(self, value: Any) -> Node:
        """Return the node of a path: its text, which is of this process's files."""
        return {"k": "path", "v": str(value)}

    def add(self, data: object) -> int:
        """Keep the bytes as a buffer of the message and return its number."""
        self.buffers.append(memoryview(cast("bytes", data)).cast("B"))
        return len(self.buffers) - 1

    def put(self, data: object) -> dict[str, Any]:
        """Return the part of a node that holds the bytes: inline, or in a buffer."""
        view = memoryview(cast("bytes", data)).cast("B")
        return {"x": view.hex()} if view.nbytes <= _INLINE else {"b": self.add(view)}

    @property
    def has_room(self) -> bool:
        """Say whether a list may take a buffer that it could do without."""
        return len(self.buffers) < _RESERVE

    def many(self, kind: str, values: Any, depth: int) -> dict[str, Any]:
        """Return the node of a collection of that kind."""
        return {"k": kind, "v": [self.encode(one, depth + 1) for one in values]}


class DecoderBase(_DataOnly, ABC):
    """What the decoders of single kinds ask of the decoder."""

    def __init__(self, buffers: list[Buffer]) -> None:
        super().__init__()
        self._buffers = buffers
        # A column of pandas may hold NA: it was made by a test, and is judged by nobody.
        self.takes_missing = False

    @abstractmethod
    def decode(self, node: Node, depth: int = 0) -> Any:
        """Return the value that the node stands for. Raises CodecError."""

    def many(self, node: Mapping[str, Any], depth: int) -> list[Any]:
        """Return the values of a collection's node."""
        return [self.decode(one, depth + 1) for one in list_of(node, "v")]

    def bytes_of(self, node: Mapping[str, Any]) -> Buffer:
        """Return the bytes that the node holds or names."""
        inline = node.get("x")
        if inline is not None:
            if not isinstance(inline, str) or len(inline) > 2 * _INLINE:
                raise CodecError("not bytes")
            return memoryview(bytearray.fromhex(inline))
        number = node["b"]
        if type(number) is not int or not 0 <= number < len(self._buffers):
            raise CodecError("no such buffer")
        return self._buffers[number]


Encode = Callable[[Any, Any, int], Node]
Decode = Callable[[Any, Mapping[str, Any], int], Any]


def list_of(node: Mapping[str, Any], key: str) -> list[Any]:
    """Return the list that stands under the key. Raises CodecError."""
    found = node[key]
    if not isinstance(found, list):
        raise CodecError("not a list")
    return found


def text_of(node: Mapping[str, Any], key: str) -> str:
    """Return the text that stands under the key. Raises CodecError."""
    found = node[key]
    if not isinstance(found, str):
        raise CodecError("not text")
    return found


def exactly(value: Any, kind: type) -> Any:
    """Return the value if it is of this very class. Raises CodecError."""
    if type(value) is not kind:
        raise CodecError(f"not a {kind.__name__}")
    return value
