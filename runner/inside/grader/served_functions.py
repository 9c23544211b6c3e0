"""The functions of a test that the student's process may call, and its calls of them."""

import builtins
import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import torch

from runner.inside.grader import empty_values, replayed_output
from runner.inside.grader.exports import Exports
from runner.inside.grader.given_derivatives import edges_of
from runner.inside.grader.given_functions import ExpiredCallbackError
from runner.inside.grader.received_values import decode
from runner.inside.grader.stand_ins import stand_in_for
from runner.inside.grader.student_errors import nearest_to
from runner.inside.values.codec import CodecError, Decoder, Encoder
from runner.inside.values.graph_ends import GraphEnds
from runner.wire.endpoint import Message
from runner.wire.link import Buffer, Header, LinkClosedError, LinkError

# Functions that tests also replace in the notebook: `mock.patch("builtins.input", …)`.
_LENT: Final = {"input": builtins.input, "print": builtins.print}
_OPERATIONS: Final = frozenset(("callback", "derive", "stand_in", "lent"))


class ServedFunctions:
    """What one snapshot may call: a test's functions, mocks, and its own `input`.

    `encoder` makes an encoder of answers, and `resolve` gives the value of a node that is
    not data. `stand_ins` are mocks by the names that they have in the notebook.
    """

    def __init__(
        self,
        exports: Exports,
        encoder: Callable[[], Encoder],
        resolve: Callable[..., Any],
    ) -> None:
        self._exports = exports
        self._encoder, self._resolve = encoder, resolve
        # Functions of `_LENT` that a test has replaced, as far as the snapshot knows.
        self._lent: set[str] = set()
        self.stand_ins: dict[str, Callable[..., object]] = {}

    def begin_check(self) -> None:
        """Undo what an earlier check has replaced."""
        for name, function in _LENT.items():
            setattr(builtins, name, function)
        self.stand_ins.clear()

    def newly_lent(self) -> Iterator[tuple[str, bool]]:
        """Yield the functions that a test has replaced or restored since."""
        for name, function in _LENT.items():
            is_lent = getattr(builtins, name) is not function
            if is_lent is not (name in self._lent):
                self._lent ^= {name}
                yield name, is_lent

    def serve(
        self, header: Header, buffers: list[Buffer], hearing: replayed_output.Hearing
    ) -> Message:
        """Answer a call. Raises LinkError or CodecError for what is none."""
        if header.get("op") not in _OPERATIONS:
            raise LinkError("the student's process sent an invalid question")
        call = _Call(header, buffers, self._resolve)
        self._exports.derivatives.forget(header.get("forgotten"))
        encoder = self._encoder()
        try:
            replayed_output.replay("call", header, hearing)
            result, told = self._result(call, header, encoder)
            return {"ok": encoder.encode(result), **told()}, encoder.buffers
        except (LinkError, LinkClosedError):
            raise
        except BaseException as error:  # noqa: BLE001 - a test's function; its words stay here
            return {"error": nearest_to(type(error)).__name__}, []

    def _result(
        self, call: "_Call", header: Header, encoder: Encoder
    ) -> tuple[object, Callable[[], dict[str, int]]]:
        """Return the result, and what tells of its graph once it is encoded."""
        inputs: Any = {}
        result: object = None
        match header["op"]:
            case "stand_in":
                self._record(header.get("v"), call)
            case "lent":
                result = self.lend(header.get("v"), call.given, call.named)
            case "derive":
                result, inputs = self._exports.derivatives.derive(
                    header.get("v"),
                    call.given,
                    call.ends,
                    again=header.get("again") is True,
                )
                encoder.ends = GraphEnds() if inputs else None
            case _:
                inputs = edges_of(call.ends)
                encoder.ends = GraphEnds(call.ends.values()) if inputs else None
                with (
                    self._exports.lifetime(),
                    torch.set_grad_enabled(header.get("g") is not False),
                ):
                    function = self._exports.callback(header.get("v"))
                    result = function(*call.given, **call.named)
        ends = encoder.ends
        return (
            result,
            lambda: (
                {}
                if ends is None
                else self._exports.derivatives.keep(inputs, ends.tensors)
            ),
        )

    def lend(
        self, name: object, given: list[object], named: dict[str, object]
    ) -> str | None:
        """Return the answer of the test's own `input`, or call its own `print`."""
        if name not in self._lent or not isinstance(name, str):
            raise ExpiredCallbackError("the test does not replace this function")
        answer = getattr(builtins, name)(*given, **named)
        if name == "print":
            return None
        if type(answer) is not str:
            raise TypeError("a replacement of `input` must return text")
        return answer

    def _record(self, name: object, call: "_Call") -> None:
        """Let a mock note that the notebook has called it. Its return value stays here."""
        mock = self.stand_ins.get(name) if isinstance(name, str) else None
        stand_in = stand_in_for(mock)
        if mock is None or stand_in is None or not stand_in.records:
            # This mock has got an answer since, so calling it would run a test's code.
            raise ExpiredCallbackError("the mock has been given an answer since")
        with contextlib.suppress(Exception):  # the stub raises it itself
            mock(*call.given, **call.named)


class _Call:
    """The arguments of a call, as the student's process has sent them. Raises CodecError.

    `ends` are the tensors among them by which the notebook's code may differentiate.
    """

    def __init__(
        self, header: Header, buffers: list[Buffer], resolve: Callable[..., Any]
    ) -> None:
        self.ends: dict[int, Any] = {}
        call = decode(header.get("a"), buffers, resolve, self._note)
        if type(call) is not list or list(map(type, call)) != [list, dict]:
            raise CodecError("the student's process sent an invalid call")
        if not all(isinstance(name, str) for name in call[1]):
            raise CodecError("the student's process sent an invalid call")
        self.given: list[Any] = empty_values.note_empty(call[0])
        self.named: dict[str, Any] = empty_values.note_empty(call[1])

    def _note(self, decoder: Decoder) -> None:
        self.ends = decoder.ends
