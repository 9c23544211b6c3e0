"""The base of the codec's modules: errors, buffers, and the two sides' base classes.

For objects that can be changed, identity matters: `[[0] * 3] * 3` has one row. So a
part of a message that is met again is not written again. It becomes a node of the kind
"same" with the number of the earlier node, which has that number as "as". Sizes are
counted as if each part were written out each time: a short message is never a value
that takes long to compare.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import Enum
from typing import Any, Final, NamedTuple, cast

from runner.inside.values.graph_ends import GraphEnds
from runner.wire.link import MAX_ANSWER_BYTES, MAX_ANSWER_HEADER, MAX_BUFFERS, Buffer

Node = Any
# Bytes up to this length are written into the node itself: a list of ten thousand numpy
# scalars would otherwise need more buffers than a message may have.
_INLINE: Final = 32
# Kinds of nodes whose values can be changed or used up.
MUTABLE: Final = frozenset(
    (
        *("list", "set", "deque", "bytearray", "typed", "bytes view", "namespace"),
        *("dict", "OrderedDict", "Counter", "defaultdict", "library dict"),
        *("array", "objects", "records", "record", "matrix", "recarray"),
        *("tensor", "parameter", "frame", "series", "column", "given", "pickle"),
        "member",  # often repeated, and long
    )
)
MAX_DEPTH: Final = 64
# The longest JSON text of a node and of a character.
NODE: Final = 40
CHARACTER: Final = 12
# Lists of numbers are packed only while this many buffers are left for others.
_RESERVE: Final = MAX_BUFFERS // 2


class CodecError(ValueError):
    """Raised for an invalid message, or for a value that cannot be sent."""


class RefusedError(CodecError):
    """Raised for a value that cannot be sent. The message names its kind and a remedy."""


class ObjectWithinError(CodecError):
    """Raised for something other than data where only data is allowed."""


class Part(NamedTuple):
    """A complete part of a message, and its size when it is written out.

    `size` is the size of its structure, `height` its depth of nesting, and `objects`
    the number of objects in it that are not data. An encoder keeps its `node`, too.
    """

    value: Any
    size: int
    bytes: int
    objects: int
    height: int
    node: Node


class _Side:
    """One side of a message, which counts everything as if it were written out.

    It can be told to accept only data for a while.
    """

    def __init__(self) -> None:
        self._levels = 0
        self.size = 0
        self.bytes = 0
        self._objects = 0
        self._deepest = 0

    def _begin(self, depth: int) -> tuple[int, int, int, int]:
        """Return the counts before a part at this depth, and start the part's own depth."""
        before = self.size, self.bytes, self._objects, self._deepest
        self._deepest = depth
        return before

    def _part(
        self, value: object, before: tuple[int, ...], depth: int, node: Node = None
    ) -> Part:
        """Return the part that has been counted since `before`."""
        size, taken, objects, _ = before
        return Part(
            value,
            self.size - size,
            self.bytes - taken,
            self._objects - objects,
            self._deepest - depth,
            node,
        )

    def _count_again(self, part: Part, depth: int) -> None:
        """Count a part that is met again. Raises CodecError if it may not stand here."""
        if part.objects and self.is_data_only:
            raise ObjectWithinError("an object where only data is allowed")
        self.size += part.size
        self.bytes += part.bytes
        self._objects += part.objects
        self._deepest = max(self._deepest, depth + part.height)

    @property
    def is_data_only(self) -> bool:
        return self._levels > 0

    @contextlib.contextmanager
    def data_only(self) -> Iterator[None]:
        """Raise ObjectWithinError inside for anything that is not data."""
        self._levels += 1
        try:
            yield
        finally:
            self._levels -= 1


class EncoderBase(_Side, ABC):
    """The interface of the encoder for the encoders of single kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.buffers: list[Buffer] = []
        # Whether a test is told more of each value: operators that its class has in its
        # own way, and whether it is a view.
        self.is_answer = False
        # The long texts met so far, with the numbers of their buffers: equal keys get
        # equal nodes.
        self._texts: dict[str, int] = {}
        # Whether the `attrs` of pandas' tables are sent. A table's parts have them, too.
        self.sends_notes = True
        # Whether a column of pandas is sent with its NA, which comparisons skip.
        self.sends_missing = False
        # The values met so far, by id, with their nodes. They are kept alive, so that
        # no other object gets the same id meanwhile.
        self._met: dict[int, Part] = {}
        # Whether each part that can be changed gets a number.
        self.numbers_parts = False
        # The numbers of tensors and arrays inside of pickles.
        self._inside: dict[int, object] = {}
        # Whether many tensors of one number each may be sent together.
        self.packs_tensors = False
        # The ends of a graph that goes on in the other process, if there may be any.
        self.ends: GraphEnds | None = None

    def numbered(self) -> Iterator[tuple[int, object]]:
        """Yield the numbers of the message's parts, with their values."""
        for part in self._met.values():
            if "as" in part.node:
                yield part.node["as"], part.value
        yield from self._inside.items()

    @abstractmethod
    def number_of(self, value: object) -> int | None:
        """Return the number of the value's part of the message, or None if it has none."""

    @abstractmethod
    def number_each(self, values: Collection[object], taken: int) -> int:
        """Give numbers to new parts that take so many bytes each. Return the first."""

    def of_own_class(self, _kind: type) -> dict[str, Any]:
        """Return what a node tells of the class of a value, if it is the notebook's."""
        return {}

    @abstractmethod
    def encode(self, value: object, depth: int = 0) -> Node:
        """Return the node of the value. Raises CodecError."""

    def check_gradient(self, gradient: Any) -> None:
        """Raise CodecError for a gradient that must not go with its tensor."""

    def check_text(self, text: str) -> None:
        """Raise CodecError for a text that must not be sent."""

    def text(self, value: str) -> str:
        """Count the text, and return it. Raises CodecError if it must not be sent."""
        self.check_text(value)
        self.size += CHARACTER * len(value)
        return value

    def add_text(self, value: str) -> int:
        """Keep the text as a buffer of the message and return its number."""
        number = self._texts.get(value)
        if number is None:
            data = value.encode("utf-8", "surrogatepass")
            number = self._texts[value] = self.add(data)
        else:
            self.bytes += self.buffers[number].nbytes
        return number

    def path(self, value: Any) -> Node:
        """Return the node of a path: its text, which names a file of this process."""
        return {"k": "path", "v": str(value)}

    def member(self, _value: Enum) -> Node:
        """Return the node of an enumeration's member, or None to send it as its value."""
        return None

    def add(self, data: object) -> int:
        """Keep the bytes as a buffer of the message and return its number."""
        view = memoryview(cast("bytes", data)).cast("B")
        self.bytes += view.nbytes
        self.buffers.append(view)
        return len(self.buffers) - 1

    def put(self, data: object) -> dict[str, Any]:
        """Return the part of a node that holds the bytes: inline, or in a buffer."""
        view = memoryview(cast("bytes", data)).cast("B")
        self.size += NODE
        if view.nbytes > _INLINE:
            return {"b": self.add(view)}
        self.bytes += view.nbytes
        self.size += 2 * view.nbytes
        return {"x": view.hex()}

    @property
    def has_room(self) -> bool:
        """Whether a list may take a buffer that it does not need."""
        return len(self.buffers) < _RESERVE

    def many(self, kind: str, values: Any, depth: int) -> dict[str, Any]:
        """Return the node of a collection of that kind."""
        return {"k": kind, "v": [self.encode(one, depth + 1) for one in values]}


class DecoderBase(_Side, ABC):
    """The interface of the decoder for the decoders of single kinds."""

    def __init__(
        self,
        buffers: list[Buffer],
        *,
        max_size: int = MAX_ANSWER_HEADER,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        super().__init__()
        self._buffers = buffers
        self._max_size = max_size
        self._max_bytes = max_bytes
        # Whether a column of pandas may hold NA: a test has made it, and no check
        # compares it.
        self.takes_missing = False
        # Finds an object by its number, where the notebook's own objects are.
        self.find_own: Callable[[int], Any] | None = None
        # Whether a tensor whose graph is not here refuses `backward`.
        self.refuses_backward = True
        # The ends of a graph that goes on in the other process, by number.
        self.ends: dict[int, Any] = {}
        # Makes a tensor an end of a graph of this process, by its number.
        self.join: Callable[[Any, int], Any] | None = None
        # The tensors and arrays inside of pickles that have numbers.
        self.inside: dict[int, object] = {}
        # The parts that other nodes may refer to, by number.
        self._parts: dict[int, Part] = {}

    def numbered(self) -> Iterator[tuple[int, Any]]:
        """Yield the numbers of the message's parts, with their values."""
        for number, part in self._parts.items():
            yield number, part.value
        yield from self.inside.items()

    def part(self, number: int) -> Any:
        """Return the complete part of the message with this number."""
        return self._parts[number].value

    def keep_each(self, first: object, values: Collection[object], taken: int) -> None:
        """Keep new parts, numbered from `first`, that take so many bytes each."""
        if type(first) is not int:
            raise CodecError("an invalid number of a node")
        for number, value in enumerate(values, first):
            if number in self._parts:
                raise CodecError("two nodes with the same number")
            self._parts[number] = Part(value, NODE, taken, 0, 0, None)

    @abstractmethod
    def decode(self, node: Node, depth: int = 0) -> Any:
        """Return the value that the node stands for. Raises CodecError."""

    def many(self, node: Mapping[str, Any], depth: int) -> list[Any]:
        """Return the values of a collection's node."""
        return [self.decode(one, depth + 1) for one in list_of(node, "v")]

    def bytes_of(self, node: Mapping[str, Any]) -> Buffer:
        """Return the bytes that the node holds, or those of the buffer that it names."""
        inline = node.get("x")
        if inline is not None:
            if not isinstance(inline, str) or len(inline) > 2 * _INLINE:
                raise CodecError("invalid bytes")
            self.count_bytes(len(inline) // 2)
            return memoryview(bytearray.fromhex(inline))
        number = node["b"]
        if type(number) is not int or not 0 <= number < len(self._buffers):
            raise CodecError("a buffer that does not exist")
        self.count_bytes(self._buffers[number].nbytes)
        return self._buffers[number]

    def count_bytes(self, more: int) -> None:
        """Count bytes that the value holds. Raises CodecError for too many."""
        self.bytes += more
        self._check_counts()

    def _check_counts(self) -> None:
        """Raise CodecError if the value is larger than a message may be."""
        if self.bytes > self._max_bytes or self.size > self._max_size:
            raise CodecError("a value that is too large")


Encode = Callable[[Any, Any, int], Node]
Decode = Callable[[Any, Mapping[str, Any], int], Any]


def list_of(node: Mapping[str, Any], key: str) -> list[Any]:
    """Return the list under the key. Raises CodecError."""
    found = node[key]
    if not isinstance(found, list):
        raise CodecError("something other than a list")
    return found


def text_of(node: Mapping[str, Any], key: str) -> str:
    """Return the text under the key. Raises CodecError."""
    found = node[key]
    if not isinstance(found, str):
        raise CodecError("something other than text")
    return found


def exactly(value: Any, kind: type) -> Any:
    """Return the value if it is of exactly this class. Raises CodecError."""
    if type(value) is not kind:
        raise CodecError(f"something other than {kind.__name__}")
    return value
