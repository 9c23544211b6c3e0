"""A snapshot that sends any message at any time, as hypothesis chooses.

It is drawn message by message. Most answers are plausible for the question, so that
tests continue and ask more; the others are arbitrary.
"""

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from hypothesis import strategies as st

from runner.inside.grader.names import Library
from runner.inside.grader.tests import QuestionContext
from runner.protocol.jobs import QuestionSpec
from runner.wire.link import Buffer, Header, Link, LinkClosedError, LinkError
from tests.runner.proof.recording import Marked, run_checks

_MOST_MESSAGES: Final = 60
_PATIENCE: Final = 20.0
_CONTEXT: Final = QuestionContext(
    files=Path(),
    private=Path(),
    library=Library({}),
    defined=frozenset(("f", "g", "h", "x", "y", "Net")),
    classes=frozenset(("Net",)),
)


@dataclass(frozen=True, kw_only=True)
class Act:
    """One message of the snapshot.

    With `waits` it is sent after the grader's next message, otherwise at once. `echo`
    returns a value that the grader gave with its last question. `repeats` sends the
    message more than once. `junk` is sent as it is, in its place, and ends the
    exchange.
    """

    header: Mapping[str, Any]
    waits: bool = True
    echo: bool = False
    repeats: int = 1
    junk: bytes = b""


def play(question: QuestionSpec, data: st.DataObject) -> Marked:
    """Return the scores of the question's checks against a snapshot from `data`."""
    found = Marked()
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=_grade, args=(question, ours, found))
    # Hypothesis draws in the thread of the test alone, so the grader gets the other.
    thread.start()
    theirs.settimeout(_PATIENCE)
    try:
        with theirs, contextlib.suppress(LinkClosedError, LinkError, OSError):
            _Hostile(Link(theirs), data).talk()
    finally:  # also when hypothesis ends the example here
        thread.join(_PATIENCE)
        ours.close()
    assert not thread.is_alive(), "the grader hangs"
    return found


def _grade(question: QuestionSpec, sock: socket.socket, found: Marked) -> None:
    """Run the checks, then hang up, so that a sender does not wait for ever."""
    try:
        run_checks(question, sock, found, _CONTEXT)
    finally:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


class _Hostile:
    def __init__(self, link: Link, data: st.DataObject) -> None:
        self._link = link
        self._draw = data.draw
        self._manner: Manner = data.draw(st.sampled_from(_MANNERS))
        self._given: list[Any] = [None]
        self._buffers: list[Buffer] = BUFFERS
        # The number of the question that it answers or claims to answer.
        self._number: Any = None

    def talk(self) -> None:
        """Answer until the grader hangs up; hang up after so many messages."""
        for _ in range(_MOST_MESSAGES):
            header, buffers = self._link.receive()
            self._note(header, buffers)
            self._number = header.get("n", self._number)
            # All are drawn before one is sent: whether the grader has hung up meanwhile
            # is chance, and hypothesis must draw the same when it repeats an example.
            chosen = [self._draw(acts_for(str(header.get("op", "")), self._manner))]
            while not (chosen[-1].waits or chosen[-1].junk):
                chosen.append(self._draw(acts_for("", self._manner)))
            # Whether the grader has hung up is chance here, too. What it said before
            # is read in any case, or the repeated example would draw less.
            with contextlib.suppress(LinkClosedError):
                for act in chosen:
                    if act.junk:
                        # Nothing follows: a grader would wait for the rest until it is stopped.
                        self._link.sock.sendall(act.junk)
                        return
                    self._send(act)

    def _note(self, header: Header, buffers: list[Buffer]) -> None:
        if isinstance(header.get("a"), dict):
            self._given, self._buffers = list(_nodes(header["a"])), buffers

    def _send(self, act: Act) -> None:
        header, buffers = dict(act.header), BUFFERS
        if act.echo:
            header = {"ok": self._given[act.repeats % len(self._given)]}
            buffers = self._buffers
        for _ in range(1 if act.echo else act.repeats):
            self._link.send({"n": self._number, **header}, buffers)


def _nodes(node: Any) -> list[Any]:
    """Return all nodes that the grader gave, so that each can be sent back."""
    found = [node]
    for one in found:
        children = one.get("v") if isinstance(one, dict) else one
        if isinstance(children, list):
            found.extend(islice(children, 20))
    return found


# --- Choices of hypothesis ---------------------------------------------------

_CONTENTS: Final = (
    *(b"", b"\x00", b"\x01", b"\xff" * 4, b"\x00" * 8, b"\xff" * 8, b"\x01\x00" * 8),
    *(
        b"\x00" * 24,
        struct.pack("<3d", 1, 2, 3),
        struct.pack("<3d", *[float("nan")] * 3),
    ),
    *(struct.pack("<6f", *range(6)), b"cbuiltins\nprint\n(tR.", b"x" * 64),
)
BUFFERS: Final[list[Buffer]] = [np.frombuffer(one, np.uint8).data for one in _CONTENTS]
_BASES: Final = (
    *(
        "torch.nn.modules.module.Module",
        "torch.Tensor",
        "torch.nn.modules.linear.Linear",
    ),
    *(
        "numpy.ndarray",
        "collections.OrderedDict",
        "collections.Counter",
        "builtins.int",
    ),
    *("builtins.Exception", "__main__.Thing", "torch.utils.data.dataset.Dataset", ""),
    *(
        "unittest.mock.Mock",
        "checks.Reference",
        "numpy.bool",
        "torch.autograd.Function",
    ),
)
_ERRORS: Final = (
    *("StopIteration", "StopAsyncIteration", "GeneratorExit", "KeyboardInterrupt"),
    *("SystemExit", "AssertionError", "NameError", "ValueError", "KeyError", "Warning"),
    *("AttributeError", "IndexError", "TypeError", "NotImplementedError", "EOFError"),
    *("UnicodeDecodeError", "ExceptionGroup", "BaseException", "SyntaxError", "object"),
    *("OSError", "RecursionError", "MemoryError", "Traceback", ""),
)
_numbers: Final = st.integers() | st.floats() | st.sampled_from([0, 1, 3, -1, 2**62])
_NAMES: Final = ("shape", "count", "a", "_0", "all", "__class__", "class", "")
_indices: Final = st.integers(-1, len(_CONTENTS))
_shapes: Final = st.lists(
    st.sampled_from([0, 1, 2, 3, 2**40, -1, True, 1.5]), max_size=4
)
_dtypes: Final = st.sampled_from(
    ["<f8", "<i8", "|b1", "|u1", "<f4", "<U3", "|S0", "|O", "<M8[s]", "float32", "bool"]
)


def _node(
    kind: str | st.SearchStrategy[str], **parts: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    name = st.just(kind) if isinstance(kind, str) else kind
    return st.fixed_dictionaries({"k": name, **parts})


def _plain(value: Any) -> Any:
    """Return the value in a form that JSON can hold."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return {"k": "float", "v": repr(value)}
    return value


def _laid_out(kind: str, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return nodes of arrays with some memory layout, valid or not."""
    strides = st.lists(st.sampled_from([0, 1, 2, -1, 3, 2**40, True]), max_size=2)
    orders = st.sampled_from([[0], [1, 0], [0, 0], [2, 1], []])
    shapes = st.sampled_from([[3], [1, 3], [3, 1], [0, 3]])
    written = st.booleans()
    return st.one_of(
        _node(kind, s=shapes, st=strides, w=written, **parts),
        _node(kind, s=shapes, o=orders, w=written, **parts),
    )


def _shared(node: Any) -> Any:
    """Return a list that holds the node's value several times, as one object."""
    numbered = {**node, "as": 0} if isinstance(node, dict) else node
    return {"k": "list", "v": [numbered, {"k": "same", "v": 0}, {"k": "same", "v": 0}]}


def _items(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return answers about an object's items: all, how many, is it a mapping."""
    items = _node("list", v=inner)
    length = st.sampled_from([None, 0, 1, 2, 3])
    return _node("list", v=st.tuples(items, length, st.booleans()).map(list))


# A snapshot's description of a class of exceptions.
_error_classes: Final = st.recursive(
    st.sampled_from(_ERRORS),
    lambda inner: st.fixed_dictionaries(
        {
            "v": st.integers(0, 6),
            "n": st.sampled_from(["Net", "f", "AssertionError", "", "\ud800"]),
            "b": st.lists(inner, max_size=3),
        }
    ),
    max_leaves=4,
)
_handles: Final = _node(
    "handle",
    v=st.sampled_from([0, 1, 2, 3, 7, -1, 2**63, 0.5, True, None]) | st.integers(0, 5),
    callable=st.booleans(),
    **{"class": st.booleans()},
    bases=st.lists(st.sampled_from(_BASES), max_size=3),
)
_gradients: Final = _node(
    "tensor", d=st.sampled_from(["float64", "int64"]), s=st.sampled_from([[3], [1]]),
    b=st.sampled_from([7, 8]), g=st.booleans(), grad=st.none(),
)  # fmt: skip
_leaves: Final = st.one_of(
    _node(
        "member", v=st.integers(0, 3) | st.just("x"), n=st.sampled_from(_NAMES),
        s=st.sampled_from(["value", "name", "own", "x"]), r=st.booleans(), o=_handles,
        w=st.just([]) | st.lists(st.sampled_from(["__eq__", "__lt__", "title", "x"])),
    ),
    st.none() | st.booleans() | _numbers.map(_plain),
    st.text(max_size=5) | st.sampled_from(["passed", "True", "4", "[1, 2, 3]", "x"]),
    _handles,
    _handles,
    _node("int", v=st.sampled_from(["9" * 3000, "x", "1_0", " 7 "]) | st.integers().map(str)),
    _node("float", v=st.sampled_from(["nan", "inf", "-inf", "1"])),
    _node("callback", v=st.integers(-1, 3)),
    _node("type", v=st.sampled_from(["int", "bool", "True", "print", "object", "type"])),
    _node("module", v=st.sampled_from(["numpy", "os"])),
    _node("library", v=st.sampled_from(["builtins:print", "os:system", "numpy"])),
    _node("pickle", b=_indices),
    _node("bytes", b=_indices),
    _node("array", d=_dtypes, s=_shapes, b=_indices),
    _laid_out("array", d=st.just("<f8"), b=st.sampled_from([7, 8, 9])),
    _laid_out("objects", v=st.lists(st.integers(0, 3), max_size=3)),
    _laid_out(
        "tensor", d=st.just("float64"), b=st.sampled_from([7, 8]), g=st.booleans(),
        leaf=st.booleans(), retains=st.booleans(),
    ),
    _node("same", v=st.integers(-1, 3) | st.sampled_from([True, None])),
    _node("array", d=st.just("<f8"), s=st.just([3]), b=st.sampled_from([7, 8, 9])),
    _node("array", d=st.just("<f8"), s=st.sampled_from([[0], [0, 3], [3, 0]]), b=st.just(0)),
    _node("scalar", d=_dtypes, s=st.just([]), b=_indices),
    _node(
        "tensor", d=st.just("float64"), s=st.just([3]), b=st.just(8),
        g=st.booleans(), grad=st.none() | _gradients,
    ),
    _node(
        "tensor", d=st.sampled_from(["float32", "bool", "bfloat16", "int64", "x"]),
        s=_shapes, b=_indices, g=st.booleans(), grad=st.none() | _handles,
    ),
    _node("dtype", v=_dtypes),
    _node("torch.device", v=st.sampled_from(["cpu", "meta", "cuda", "x"])),
    _node(
        "namedtuple", v=st.lists(st.integers(0, 3), max_size=2), n=st.sampled_from(_NAMES),
        f=st.lists(st.sampled_from(_NAMES), max_size=2),
    ),
    _node(
        "records", n=st.lists(st.sampled_from(_NAMES), max_size=2), s=_shapes,
        v=st.lists(st.integers(), max_size=2), aligned=st.booleans(),
    ),
    _node(
        st.sampled_from(["fraction", "decimal", "date", "timedelta", "path", "ellipsis"]),
        v=st.sampled_from(["NaN", "1", "2020-01-01", [0, 0], [1, 2], [0, 0, 1], 1]),
    ),
    _node("unknown", v=st.none()),
)  # fmt: skip
_COLLECTIONS: Final = (
    *("list", "tuple", "set", "frozenset", "size", "slice", "range", "complex"),
)
nodes: Final = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        *(_node(kind, v=st.lists(inner, max_size=4)) for kind in _COLLECTIONS),
        _node("list", **{"v": st.lists(inner, max_size=3), "as": st.integers(0, 2)}),
        inner.map(_shared),
        _node(
            st.sampled_from(["dict", "OrderedDict", "Counter", "defaultdict"]),
            v=st.lists(st.tuples(inner, inner).map(list), max_size=3),
            f=st.sampled_from([None, "int", "list", "own", "x"]),
        ),
        _node("objects", v=st.lists(inner, max_size=3), s=_shapes),
        _node("deque", v=st.lists(inner, max_size=3), m=st.sampled_from([None, 0, 2])),
        _node("list", v=st.tuples(inner, inner, inner).map(list)),
        _items(st.lists(inner, max_size=3)),
        _node("grown", v=inner),
    ),
    max_leaves=3,
)


# --- Plausible answers ----------------------------------------------------------------

_about_objects: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "k": st.just("handle"),
    "v": st.integers(0, 6),
    "callable": st.sampled_from([True, True, True, False]),
    "class": st.sampled_from([False, False, True]),
    "bases": st.sampled_from([[], *([one] for one in _BASES)]),
}
_METHODS: Final = (
    *("__len__", "__iter__", "__getitem__", "__reversed__", "__next__", "__enter__"),
)
_objects: Final = st.fixed_dictionaries(
    dict(_about_objects),
    optional={
        "exception": _error_classes,
        "collection": st.booleans(),
        "methods": st.lists(st.sampled_from(_METHODS), max_size=4),
        "equality": st.lists(st.integers(0, 2) | nodes, max_size=1),
        "classes": st.lists(st.integers(0, 4), max_size=2),
        "kind": st.sampled_from(["Net", "ndarray", "int", "", "class", "\ud800"]),
    },
)
_members: Final = _node(
    "member", v=st.integers(0, 3), n=st.just("ONE"), s=st.sampled_from(["value", "own"]),
    r=st.booleans(), o=_objects.map(lambda node: {"kind": "Net", **node}),
    w=st.just([]) | st.lists(st.sampled_from(["__eq__", "__lt__", "__bool__", "real"])),
)  # fmt: skip
_values: Final = st.one_of(
    _objects,
    _objects,
    _members,
    st.integers(-3, 9) | st.sampled_from([None, True, False, 0.0, 1.5, "x", "[1, 2]"]),
    _node("list", v=st.lists(_objects | st.integers(0, 3), max_size=3)),
    _node("tuple", v=st.tuples(_objects, _objects).map(list)),
    _node("tuple", v=st.just([3])),
    st.sampled_from([[0, 3], [1.5], []]).map(
        lambda items: _shared({"k": "list", "v": items})
    ),
    _laid_out("array", d=st.just("<f8"), b=st.just(8)),
    _laid_out(
        "tensor", d=st.just("float64"), b=st.just(8), g=st.booleans(), leaf=st.booleans(),
        retains=st.booleans(),
    ),
    _node("array", d=st.just("<f8"), s=st.just([0, 1]), b=st.just(0)),
    _node("array", d=st.just("<f8"), s=st.just([3]), b=st.sampled_from([7, 8, 9])),
    _node(
        "tensor", d=st.just("float64"), s=st.just([3]), b=st.just(8),
        g=st.booleans(), grad=st.none() | _gradients,
    ),
)  # fmt: skip
_taken: Final = st.one_of(
    st.none() | st.just(value=False),
    *(
        _node(
            "list",
            v=st.tuples(
                _node("list", v=st.lists(_values, min_size=size, max_size=size)),
                st.sampled_from([None, size]),
            ).map(list),
        )
        for size in (0, 1, 2, 3, 3)
    ),
)
_entries: Final = _node(
    "list",
    v=st.lists(
        st.tuples(st.sampled_from(["a", "b", 0, 1, 2]), _values).map(
            lambda pair: {"k": "list", "v": list(pair)}
        ),
        max_size=3,
    ),
)
_pairs: Final = st.one_of(
    st.none(),
    st.none() | st.just(value=False),
    _node("list", v=st.tuples(_entries, st.none()).map(list)),
)
_item_lists: Final = st.one_of(
    st.none(),
    *(
        _items(st.lists(_values, min_size=size, max_size=size))
        for size in (0, 0, 1, 2, 3, 3)
    ),
)
_booleans: Final = st.booleans()
_steps: Final = _node("list", v=st.lists(_values, max_size=3))
_ends: Final = st.one_of(
    st.sampled_from(["", "words", None, 3]),
    *(
        _node("list", v=st.just(end))
        for end in ([], [], [None], [None], [0], [1], [3], ["x"], [1, 2])
    ),
)
_begun: Final = _node("list", v=st.tuples(_values, _steps, _ends).map(list))
_same: Final = st.none() | st.booleans() | _node("list", v=st.just([True, False]))
_more: Final = _node("list", v=st.tuples(_steps, _ends, _same).map(list))
_plausible: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "name": _values,
    "call": _values,
    "leave": st.booleans() | _values,
    "make": _objects,
    "plain": _node("list", v=st.lists(_values, max_size=3)) | nodes,
    "attr": _values,
    "operate": _values | st.sampled_from([0, 0.0, True]),
    "len": st.sampled_from([3, 3, 0, 1, 2, 4]),
    "items": _item_lists,
    "begin": _item_lists | _begun | _begun,
    "more": _more,
    "next": _node("list", v=st.lists(_values, max_size=1))
    | _node("list", v=st.tuples(_values, st.booleans()).map(list)),
    "indexed": _taken,
    "reversed": _taken,
    "pairs": _pairs,
    "mapping": _pairs,
    "count": st.sampled_from([3, 3, 0, 1, 2, None]),
    "has": _booleans,
    "isinstance": _booleans,
    "issubclass": _booleans,
    "remove": _booleans,
    "hash": st.integers(-3, 9) | _values,
    "repr": st.sampled_from(["", "Stack([])", "4", "True"]),
    "str": st.sampled_from(["", "Stack([])", "4", "True"]),
}
_words: Final = st.sampled_from(["", "x" * 600, "name 'f' is not defined", "\ud800"])
_faults: Final = st.fixed_dictionaries(
    {
        "error": st.fixed_dictionaries(
            {"type": st.sampled_from(_ERRORS), "words": _words},
            optional={
                "class": _error_classes,
                "object": _objects | nodes,
                "data": _node(
                    "list",
                    v=st.lists(
                        _node("list", v=st.lists(_values, max_size=2)) | nodes,
                        max_size=2,
                    ),
                )
                | nodes,
            },
        )
    }
)
_calls: Final = st.fixed_dictionaries(
    {
        "k": st.just("list"),
        "v": st.tuples(
            _node("list", v=st.lists(_values, max_size=2)),
            _node(
                "dict", v=st.lists(st.tuples(st.text(max_size=2), nodes), max_size=1)
            ),
        ).map(list),
    }
)
_questions: Final = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["callback", "callback", "stand_in", "lent", "name"]),
        "v": st.integers(-1, 3) | st.sampled_from(["f", "g", "x", "input", "print"]),
        "a": _calls | nodes,
    }
)
_printed: Final = st.sampled_from(["ok\n", "True\n", "4", "x" * 200_000, 7])
_odd: Final = st.sampled_from(
    [{}, {"error": "x"}, {"error": {}}, {"ok": None, "op": "callback"}, {"op": 1}]
)
_junk: Final = st.sampled_from(
    [
        *(b"\x00", b"\xff" * 16, struct.pack("!II", 2**31, 1), b"\x00\x00\x00\x02\x00"),
        *(struct.pack("!II", 2, 5000), struct.pack("!IIQ", 2, 1, 2**60) + b"{}"),
        *(struct.pack("!II", 2, 0) + b"[]", struct.pack("!II", 3, 0) + b"{}}"),
        *(struct.pack("!II", 20, 0) + b"[" * 20, struct.pack("!II", 4, 0) + b"\xff{}\x00"),
    ]
)  # fmt: skip
_wild: Final = st.one_of(
    st.builds(Act, header=_questions),
    st.builds(Act, header=_questions, waits=st.sampled_from([False])),
    st.builds(Act, header=st.fixed_dictionaries({"ok": nodes})),
    st.builds(
        Act, header=st.just({}), echo=st.sampled_from([True]), repeats=st.integers(1, 9)
    ),
    st.builds(
        Act,
        header=st.fixed_dictionaries({"ok": nodes}),
        repeats=st.sampled_from([2, 3]),
    ),
    st.builds(Act, header=_odd),
    st.builds(Act, header=st.just({}), junk=_junk),
)


# Of twenty answers, so many raise something, and so many are anything at all. The first
# number says that names, results and attributes are objects, not values.
Manner = tuple[bool, int, int]
_MANNERS: Final[Sequence[Manner]] = (
    *((True, 0, 0), (True, 0, 0), (True, 2, 2), (False, 1, 1), (False, 10, 0)),
    *((True, 8, 0), (False, 2, 10)),
)


@lru_cache
def acts_for(operation: str, manner: Manner) -> st.SearchStrategy[Act]:
    """Return the messages that the snapshot may send for this operation."""
    gives_objects, faults, wild = manner
    answer = _plausible.get(operation, _values)
    if gives_objects and answer is _values:
        answer = _objects
    told = st.fixed_dictionaries({"ok": answer}, optional={"out": _printed})
    given = st.builds(Act, header=told)
    raised = st.builds(Act, header=_faults)
    if not faults + wild:
        return given
    return st.integers(0, 19).flatmap(
        lambda number: (
            raised if number < faults else _wild if number < faults + wild else given
        )
    )
