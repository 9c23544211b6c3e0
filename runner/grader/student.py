"""The notebook as a test sees it: names whose values are data, or handles to objects."""

import builtins
import sys
from collections.abc import Mapping
from typing import Any, Final

from runner.grader.exports import Exports
from runner.grader.handles import CallableHandle, Handle, NotDataError, known_class
from runner.values.codec import CodecError, Decoder, Encoder
from runner.values.endpoint import Endpoint, Message
from runner.values.link import Buffer, Header, Link, LinkClosedError, LinkError

MAX_HEADER: Final = 1024**2
MAX_BYTES: Final = 512 * 1024**2
_WORDS: Final = 500
_LABEL: Final = 80


class StudentRaisedError(Exception):
    """The student's code raised something that no test can tell apart."""


class NotDefinedError(NameError):
    """The notebook has no such name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"name {name!r} is not defined")
        self.missing = name


_imitations: Final[dict[type, type[Exception]]] = {}


def raised(kind: str, words: str) -> Exception:
    """Return an exception that `except ValueError` catches if that was raised.

    Subclasses of Exception alone are imitated: a student's SystemExit ends no test.
    """
    base = getattr(builtins, kind, None)
    if not (isinstance(base, type) and issubclass(base, Exception)):
        return StudentRaisedError(f"{kind[:_LABEL]}: {words}")
    try:
        if base not in _imitations:
            parents = (StudentRaisedError, base)
            _imitations[base] = type(base.__name__, parents, {"__module__": "builtins"})
        return _imitations[base](words)
    except TypeError:  # one that wants more than words, as UnicodeDecodeError does
        return StudentRaisedError(f"{kind}: {words}")


class Student:
    """One question's conversation with a snapshot of the student's process.

    `lost` says that it has ended. After that no check may pass, whatever a test makes
    of the exception.
    """

    def __init__(self, link: Link) -> None:
        self._endpoint = Endpoint(link, self._serve)
        self._exports = Exports()
        # So that a test which asks for an object twice has one and the same.
        self._handles: dict[tuple[int, type], Handle] = {}
        self.lost = False

    def name(self, name: str) -> Any:
        """Return the value of a name of the notebook, or raise NotDefinedError."""
        try:
            return self.ask("name", name)
        except StudentRaisedError:
            raise NotDefinedError(name) from None

    def ask(self, operation: str, *arguments: object) -> Any:
        """Return what the student's process answers, or raise what its code raised.

        Raises LinkError, LinkClosedError or CodecError if it makes no sense or is gone.
        """
        if self.lost:
            raise LinkClosedError
        encoder = Encoder(self._exports.refer)
        node = encoder.encode(list(arguments))
        question = {"op": operation, "a": node}
        try:
            header, buffers = self._endpoint.ask(question, encoder.buffers)
            return self._result(header, buffers)
        except (LinkError, LinkClosedError, CodecError):
            self.lost = True
            raise

    def _result(self, header: Header, buffers: list[Buffer]) -> Any:
        if "ok" in header:
            return Decoder(buffers, self._resolve).decode(header["ok"])
        error = header.get("error")
        if not isinstance(error, dict):
            raise LinkError("no answer")
        raise raised(str(error.get("type")), str(error.get("words"))[:_WORDS])

    def _serve(self, header: Header, buffers: list[Buffer]) -> Message:
        """Answer the student's process, which may call what a test has given it."""
        if header.get("op") != "callback":
            raise LinkError("not a question")
        given, named = self._arguments(header, buffers)
        encoder = Encoder(self._exports.refer)
        try:
            result = self._exports.callback(header.get("v"))(*given, **named)
            return {"ok": encoder.encode(result)}, encoder.buffers
        except (LinkError, LinkClosedError):
            raise
        except Exception as error:  # noqa: BLE001 - a test's function; its words stay here
            return {"error": type(error).__name__}, []

    def _arguments(
        self, header: Header, buffers: list[Buffer]
    ) -> tuple[list[object], dict[str, object]]:
        call = Decoder(buffers, self._resolve).decode(header.get("a"))
        if type(call) is not list or list(map(type, call)) != [list, dict]:
            raise CodecError("not a call")
        if not all(isinstance(name, str) for name in call[1]):
            raise CodecError("not a call")
        return call[0], call[1]

    # --- What is no data -----------------------------------------------------------

    def _resolve(self, node: Mapping[str, Any]) -> object:
        value = node.get("v")
        match node["k"]:
            case "handle" if type(value) is int and 0 <= value < sys.maxsize:
                return self._handle(value, node)
            case "type" if isinstance(value, str):
                found = getattr(builtins, value, None)
                if isinstance(found, type):
                    return found
            case "callback":
                return self._exports.callback(value)
            case "module":
                raise NotDataError("this name is a module: tests import their own")
        raise CodecError("not a value")

    def _handle(self, number: int, node: Mapping[str, Any]) -> Handle:
        bases = node.get("bases")
        if not isinstance(bases, list) or not all(isinstance(b, str) for b in bases):
            raise CodecError("not a handle")
        kind = CallableHandle if node.get("callable") is True else Handle
        label = bases[0] if bases else ""
        if (number, kind) not in self._handles:
            self._handles[number, kind] = kind(
                self,
                number,
                known=known_class(bases),
                is_class=node.get("class") is True,
                label=label.rpartition(".")[2][:_LABEL],
            )
        return self._handles[number, kind]
