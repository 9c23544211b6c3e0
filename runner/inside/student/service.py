"""The snapshot's side of a question: it does with its objects what a grader asks.

It runs in a snapshot of the student's process, whose code may have changed all of it.
Nothing depends on its honesty: a grader takes its answers as data and nothing more.
"""

import builtins
import contextlib
import inspect
import json
import random
import weakref
from collections.abc import Callable, Mapping, MutableMapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from runner.inside.student import (
    built_in_errors,
    description,
    given_builtins,
    loop_steps,
    sent_items,
    slots,
)
from runner.inside.student.asked_back import AskedBack
from runner.inside.student.asked_settings import settings_of
from runner.inside.student.captured_output import CapturedOutput
from runner.inside.student.collections import (
    MadeValue,
    WithMethods,
    has_own_methods,
    plain_of,
)
from runner.inside.student.coroutines import Coroutines
from runner.inside.student.given_arguments import GivenArguments, Watch
from runner.inside.student.handed_in import HandedIn
from runner.inside.student.hashes import Hashes
from runner.inside.student.known_objects import KnownObjects
from runner.inside.student.members import SentValues
from runner.inside.student.readings import Readings, place_of, runs_code
from runner.inside.student.sent_names import SentNames
from runner.inside.student.told_errors import ToldErrors
from runner.inside.student.unpickled import Unpickled
from runner.inside.values import own_operators
from runner.inside.values.codec import (
    CodecError,
    Decoder,
    Encoder,
    Node,
    kind_of,
)
from runner.wire import special_methods
from runner.wire.endpoint import Endpoint, Message
from runner.wire.grader_requests import RUNNING
from runner.wire.link import (
    MAX_ANSWER_BYTES,
    MAX_ANSWER_HEADER,
    MAX_BYTES,
    MAX_HEADER,
    Buffer,
    Header,
    Link,
)
from runner.wire.naming import import_named

_BASES: Final = 50
_SEEDS: Final[Mapping[str, Callable[[int], object]]] = {
    "random": random.seed,
    "numpy": np.random.seed,
    "torch": torch.manual_seed,
}


class Service:
    """The answers to one grader's questions about the names of a notebook.

    `files` is the folder of handed-in files.
    """

    def __init__(
        self, names: MutableMapping[str, Any], link: Link, files: Path
    ) -> None:
        self._names = names
        # The notebook's values of the names that a test has replaced: none, or one.
        self._originals: dict[str, list[object]] = {}
        self._files = files
        self._known = KnownObjects()
        self._hashes = Hashes()
        self._given = GivenArguments()
        self._readings = Readings()
        self._captured: list[CapturedOutput] = []
        self._positions = given_builtins.GivenPositions()
        self._endpoint = Endpoint(link, self._serve)
        self._asked_back = AskedBack(
            self._endpoint, self._encoder, self._decoder, self._captured
        )
        handed_in, coroutines = HandedIn(files), Coroutines()
        self._told_errors = ToldErrors(self._encoder, self._refer, self._exception)
        self._sent_names = SentNames(names, self._encoder)
        self._operations: Mapping[str, Callable[..., object]] = {
            "name": self._name,
            "same": self._sent_names.is_same,
            "replace": self._replace,
            "stub": self._stub,
            "remove": self._remove,
            "restore": self._restore,
            "call": lambda function, arguments, named: function(*arguments, **named),
            "make": self._make,
            "plain": plain_of,
            "attr": getattr,
            "set": setattr,
            "del": delattr,
            "operate": self._operate,
            "slot": slots.ask,
            "len": len,
            "isinstance": isinstance,
            "issubclass": issubclass,
            "dir": dir,
            "repr": repr,
            "str": str,
            "hash": self._hashes.hash_of,
            "own_hash": hash,
            "has": lambda name: name in self._names,
            "lend": self._lend,
            "seed": lambda library, seed: _SEEDS[library](seed),
            "source": inspect.getsource,
            "signature": description.signature,
            "kind": description.is_kind,
            "is_at": description.is_at,
            "copy": description.copied,
            "leave": built_in_errors.leave,
            "await": coroutines.awaited,
            "together": coroutines.together,
            **loop_steps.OPERATIONS,
            **sent_items.operations(self._encoder),
            "contents": lambda places: self._given.contents(places, self._encoder),
            "compare": self._given.compare_all,
            "script": handed_in.load_script,
            "objects": handed_in.load_objects,
        }

    def listen(self) -> None:
        """Answer until the grader is gone (LinkClosedError)."""
        self._endpoint.listen()

    def _serve(self, header: Header, buffers: list[Buffer]) -> Message:
        self._known.end(header.get("ended", ()))
        self._known.drop(header.get("dropped", ()))
        captured, watch = CapturedOutput(), self._given.watch(header.get("watch"))
        self._captured.append(captured)
        self._positions.begin(header.get("watch"))
        answer, more = self._answer(header, buffers, captured, watch)
        self._captured.pop()
        stands = self._positions.told()
        return {**answer, **captured.header_fields(), **watch.told(), **stands}, more

    def _answer(
        self,
        header: Header,
        buffers: list[Buffer],
        captured: CapturedOutput,
        watch: Watch,
    ) -> Message:
        told: dict[str, object] = {}
        try:
            decoder = self._decoder(buffers)
            arguments = decoder.decode(header["a"])
            watch.begin(decoder)
            place = place_of(header["op"], arguments)
            with contextlib.ExitStack() as around:
                if header["op"] in RUNNING:
                    around.enter_context(captured.recording(header))
                for setting in settings_of(header):
                    around.enter_context(setting)
                if header["op"] == "attr" and runs_code(*arguments):
                    told["ran"] = True
                result = self._operations[header["op"]](*arguments)
                if type(result) is loop_steps.Step:
                    node, encoder = result.encoded(self._encoder)
                else:
                    encoder = self._encoder()
                    node = encoder.encode(result)
        except BaseException as error:  # noqa: BLE001 - a student's code may raise anything
            answer, more = self._told_errors.message(error)
            return {**answer, **told}, more
        if header["op"] == "name":
            self._sent_names.note(arguments[0], node, encoder.buffers)
        if place is not None:
            told |= self._readings.told(place, result, node, encoder.buffers)
        told |= watch.same_in(encoder)
        return {"ok": node, **told}, encoder.buffers

    # --- Operations ------------------------------------------------------------

    def _name(self, name: str) -> object:
        if name not in self._names:
            raise _NotDefinedError(name)
        return self._names[name]

    def _replace(self, name: str, value: object) -> None:
        """Bind a name that the notebook has, or had, to another value."""
        if name in self._names or name in self._originals:
            self._keep(name)
            self._names[name] = value

    def _stub(self, name: str, raises: str, records: bool) -> None:  # noqa: FBT001 - an operand
        """Bind the name to a function that raises, or returns None."""

        def stub(*arguments: object, **named: object) -> None:
            if records:
                encoder = self._encoder()
                node = encoder.encode([list(arguments), named])
                question = {"op": "stand_in", "v": name, "a": node}
                self._endpoint.ask(question, encoder.buffers)
            if raises:
                raise getattr(builtins, raises)

        self._replace(name, stub)

    def _remove(self, name: str) -> bool:
        """Remove the name from the notebook. Return whether it existed."""
        if name not in self._names:
            return False
        self._keep(name)
        del self._names[name]
        return True

    def _lend(self, name: str, is_lent: bool) -> None:  # noqa: FBT001 - an operand
        """Replace `input` or `print` by the test's own, or restore it."""
        if name not in ("input", "print"):
            raise CodecError("a function that a test cannot replace")
        if not is_lent:
            self._restore(name)
            return

        def lent(*arguments: object, **named: object) -> object:
            return self._asked_back.call("lent", name, arguments, named)

        self._keep(name)
        self._names[name] = lent

    def _keep(self, name: str) -> None:
        had = [self._names[name]] if name in self._names else []
        self._originals.setdefault(name, had)

    def _restore(self, name: str) -> None:
        """Restore the value that the name had before a test replaced it."""
        if name in self._originals:
            self._names.pop(name, None)
            self._names.update((name, value) for value in self._originals.pop(name))

    def _make(self, kind: Callable[..., object], arguments: Any, named: Any) -> object:
        """Return the object that a test makes by calling a class of the notebook's."""
        made = kind(*arguments, **named)
        if has_own_methods(made):
            return WithMethods(made)
        return MadeValue(made) if own_operators.own_bases(type(made)) else made

    def _operate(self, name: str, *arguments: object) -> object:
        result = slots.operator_named(name)(*arguments)
        if (
            name in slots.IN_PLACE
            and result is arguments[0]
            and has_own_methods(result)
        ):
            return WithMethods(result)  # it remains the same object
        return result

    # --- Values ----------------------------------------------------------------

    def _encoder(self) -> Encoder:
        """Return an encoder that refuses values too large for an answer."""
        return SentValues(
            self._refer,
            partial(self._known.number_of, keeps=False),
            max_text=MAX_ANSWER_HEADER,
            max_bytes=MAX_ANSWER_BYTES,
        )

    def _refer(self, value: object, encoder: Encoder) -> Node:
        if type(value) is WithMethods:
            return {**self._refer(value.made, encoder), "collection": True}
        if type(value) is MadeValue:
            return self._made_value(value.made, encoder)
        if isinstance(value, type(builtins)):
            return {"k": "module", "v": value.__name__}
        if isinstance(value, type) and value.__module__ == "builtins":
            return {"k": "type", "v": value.__name__}
        number = self._known.number_of(value)
        bases = value.__mro__ if isinstance(value, type) else type(value).__mro__
        node = {
            "k": "handle",
            "v": number,
            "callable": callable(value),
            "methods": special_methods.named_of(type(value)),
            "more": special_methods.bits_of(value),
            "class": isinstance(value, type),
            "kind": kind_of(value),
            "type": [type(value).__module__, type(value).__qualname__],
            "bases": [f"{one.__module__}.{one.__qualname__}" for one in bases[:_BASES]],
        }
        told = self._hashes.hash_for_grader(value)
        if told is not None:
            node["equality"] = told
        if not isinstance(value, type):
            own = [one for one in type(value).__mro__ if one is not object]
            number_of = partial(self._known.number_of, keeps=False)
            node["classes"] = [number_of(one) for one in own[:_BASES]]
        if isinstance(value, type) and issubclass(value, BaseException):
            node["exception"] = self._exception(value)
        encoder.size += len(json.dumps(node))
        return node

    def _made_value(self, made: object, encoder: Encoder) -> Node:
        told = encoder.encode(made, 1)
        if type(told) is dict and told.get("k") == "handle":
            return told
        return {"k": "made", "v": told, "o": self._refer(made, encoder)}

    def _exception(self, kind: type) -> Node:
        """Return the description of a class of exceptions for a grader."""
        if kind.__module__ == "builtins":
            return kind.__name__
        bases = [one for one in kind.__bases__ if issubclass(one, BaseException)]
        return {
            "v": self._known.number_of(kind, keeps=False),
            "n": kind.__name__,
            "l": f"{kind.__module__}:{kind.__qualname__}",
            "b": [self._exception(one) for one in bases],
            "more": len(bases) < len(kind.__bases__),
        }

    def _decoder(self, buffers: list[Buffer]) -> Decoder:
        def resolve(node: Mapping[str, Any]) -> object:
            match node["k"]:
                case "handle":
                    return self._known.find(node["v"])
                case "library":
                    return import_named(node["v"])
                case "pickle":
                    return unpickled.load_next(itself.bytes_of(node))
                case "file":
                    return self._files / node["v"]
                case "callback":
                    return self._asked_back.function(node["v"])
                case "given":
                    made = given_builtins.make(node["t"], itself.decode(node["v"]))
                    self._positions.note(node.get("n"), node["t"], made)
                    return made
            raise CodecError(f"an unknown kind of value: {node['k']}")

        decoder = Decoder(buffers, resolve, max_size=MAX_HEADER, max_bytes=MAX_BYTES)
        # A circle of references would keep what was given until Python looks for one.
        itself = weakref.proxy(decoder)
        decoder.takes_missing = True
        decoder.refuses_backward = False
        decoder.find_own = self._known.find
        part = lambda number: itself.part(number)  # noqa: E731, PLW0108 - same
        unpickled = Unpickled(part, decoder.inside.__setitem__)
        return decoder


class _NotDefinedError(NameError):
    """Raised when the notebook has no such name."""
