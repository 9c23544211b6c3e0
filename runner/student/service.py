"""The student's side of a question: does with the notebook's objects what a grader asks.

It runs in a snapshot of the student's process, whose code may have changed all of it.
Nothing depends on its honesty: a grader takes what it sends as data, and no more.
"""

import builtins
import operator
import pickle
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Final

import torch

from runner.values.codec import CodecError, Decoder, Encoder, Node
from runner.values.endpoint import Endpoint, Message
from runner.values.link import Buffer, Header, Link
from runner.values.naming import import_named

_WORDS: Final = 500
_BASES: Final = 50
_OPERATORS: Final = frozenset(
    (
        *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow"),
        *("neg", "pos", "abs", "invert", "getitem", "setitem", "delitem"),
    )
)


class Service:
    """Answers one grader's questions about the names of a notebook.

    `files` is where the handed-in files lie.
    """

    def __init__(
        self, names: MutableMapping[str, Any], link: Link, files: Path
    ) -> None:
        self._names = names
        self._unbound: set[str] = set()
        self._files = files
        self._objects: list[object] = []
        self._numbers: dict[int, int] = {}
        self._endpoint = Endpoint(link, self._serve)
        self._operations: Mapping[str, Callable[..., object]] = {
            "name": self._name,
            "rebind": self._rebind,
            "unbind": self._unbind,
            "call": lambda function, arguments, named: function(*arguments, **named),
            "attr": getattr,
            "set": setattr,
            "del": delattr,
            "operate": self._operate,
            "len": len,
            "isinstance": isinstance,
            "issubclass": issubclass,
            "repr": repr,
            "str": str,
            "iter": iter,
            "next": self._next,
            "load": self._load,
            "script": self._load_script,
        }

    def listen(self) -> None:
        """Answer until the grader is gone (LinkClosedError)."""
        self._endpoint.listen()

    def _serve(self, header: Header, buffers: list[Buffer]) -> Message:
        try:
            arguments = self._decoder(buffers).decode(header["a"])
            result = self._operations[header["op"]](*arguments)
            encoder = Encoder(self._refer)
            return {"ok": encoder.encode(result)}, encoder.buffers
        except BaseException as error:  # noqa: BLE001 - a student's code may raise anything
            return {"error": _words_of(error)}, []

    # --- Operations ------------------------------------------------------------

    def _name(self, name: str) -> object:
        if name not in self._names:
            raise _NotDefinedError(name)
        return self._names[name]

    def _rebind(self, name: str, value: object) -> None:
        """A name that the notebook has stands for something else."""
        if name in self._names or name in self._unbound:
            self._names[name] = value

    def _unbind(self, name: str) -> bool:
        """The notebook has no such name. Return whether it had."""
        if name not in self._names:
            return False
        self._unbound.add(name)
        del self._names[name]
        return True

    def _operate(self, name: str, *arguments: object) -> object:
        if name not in _OPERATORS:
            raise CodecError("not an operator")
        operate: Callable[..., object] = getattr(operator, name)
        return operate(*arguments)

    def _next(self, iterator: Any) -> object:
        """Return a list with the next item, or an empty one at the end."""
        try:
            return [next(iterator)]
        except StopIteration:
            return []

    def _load(self, name: str) -> object:
        """Return what torch saved in a handed-in file: data, never objects."""
        return torch.load(self._files / name, map_location="cpu", weights_only=True)  # noqa: TID251 - in the jail

    def _load_script(self, name: str) -> object:
        """Return the TorchScript module in a handed-in file."""
        load: Callable[..., object] = torch.jit.load
        return load(str(self._files / name), map_location="cpu")

    # --- Values ----------------------------------------------------------------

    def _refer(self, value: object, _encoder: Encoder) -> Node:
        if isinstance(value, type(builtins)):
            return {"k": "module", "v": value.__name__}
        if isinstance(value, type) and value.__module__ == "builtins":
            return {"k": "type", "v": value.__name__}
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        bases = value.__mro__ if isinstance(value, type) else type(value).__mro__
        return {
            "k": "handle",
            "v": number,
            "callable": callable(value),
            "class": isinstance(value, type),
            "bases": [f"{one.__module__}.{one.__qualname__}" for one in bases[:_BASES]],
        }

    def _decoder(self, buffers: list[Buffer]) -> Decoder:
        def resolve(node: Mapping[str, Any]) -> object:
            match node["k"]:
                case "handle":
                    return self._objects[node["v"]]
                case "library":
                    return import_named(node["v"])
                case "pickle":
                    # From the grader, which made it of library classes alone.
                    return pickle.loads(decoder.bytes_of(node))  # noqa: S301
                case "callback":
                    return self._callback(node["v"])
            raise CodecError(f"not known: {node['k']}")

        decoder = Decoder(buffers, resolve)
        return decoder

    def _callback(self, number: int) -> Callable[..., object]:
        """Return a function whose calls the grader answers."""

        def function(*arguments: object, **named: object) -> object:
            encoder = Encoder(self._refer)
            node = encoder.encode([list(arguments), named])
            header, buffers = self._endpoint.ask(
                {"op": "callback", "v": number, "a": node}, encoder.buffers
            )
            if "error" in header:
                raise RuntimeError(str(header["error"]))
            return self._decoder(buffers).decode(header["ok"])

        return function


class _NotDefinedError(NameError):
    """The notebook has no such name."""


def _words_of(error: BaseException) -> dict[str, str]:
    """Return the nearest built-in class of the error, and its words."""
    kinds = (
        one.__name__ for one in type(error).__mro__ if one.__module__ == "builtins"
    )
    try:
        words = str(error)[:_WORDS]
    except BaseException:  # noqa: BLE001 - a student's __str__ may raise anything
        words = ""
    return {"type": next(kinds, "Exception"), "words": words}
