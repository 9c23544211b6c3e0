"""What the notebook's code asks a grader: calls of functions that a test has given it.

The code may differentiate through such a call, as in a notebook: what the function has
computed is a part of the notebook's graph, and the grader computes its derivative.
"""

import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch

from runner.inside.student import built_in_errors
from runner.inside.student.captured_output import CapturedOutput
from runner.inside.values.codec import Decoder, Encoder
from runner.inside.values.graph_ends import GraphEnds
from runner.inside.values.graphs import joined
from runner.wire.endpoint import Endpoint
from runner.wire.link import Buffer, Header


class AskedBack:
    """The questions to one grader. The last of `captured` holds what was printed so far."""

    def __init__(
        self,
        endpoint: Endpoint,
        encoder: Callable[[], Encoder],
        decoder: Callable[[list[Buffer]], Decoder],
        captured: Sequence[CapturedOutput],
    ) -> None:
        self._endpoint = endpoint
        self.encoder, self.decoder = encoder, decoder
        self._captured = captured
        # Functions of the tests' that the notebook still has, by their numbers.
        self._functions = weakref.WeakValueDictionary[int, Callable[..., object]]()
        # What the notebook has forgotten of the functions' computations.
        self.forgotten: list[int] = []

    def function(self, number: int) -> Callable[..., object]:
        """Return the function whose calls the grader answers: one for each number."""
        known = self._functions.get(number)
        if known is not None:
            return known

        def function(*arguments: object, **named: object) -> object:
            return self.call("callback", number, arguments, named)

        self._functions[number] = function
        return function

    def call(
        self,
        operation: str,
        what: object,
        arguments: Sequence[object],
        named: Mapping[str, object],
    ) -> object:
        """Return the result of a test's function, or raise the error that a grader names."""
        encoder = self.encoder()
        ends = encoder.ends = GraphEnds() if torch.is_grad_enabled() else None
        node = encoder.encode([list(arguments), dict(named)])
        question: Header = {"op": operation, "v": what, "a": node}
        if ends is None:
            question["g"] = False
        header, decoder = self.ask(question, encoder)
        if ends is not None and "graph" in header:
            decoder.join = _Computation(self, header["graph"], ends.tensors).join
        return decoder.decode(header["ok"])

    def ask(self, question: Header, encoder: Encoder) -> tuple[Header, Decoder]:
        """Return the grader's answer, and the decoder of its value."""
        # What was printed so far comes before what the test's function prints.
        question = {**question, **self._captured[-1].header_fields()}
        if self.forgotten:
            question["forgotten"] = self.forgotten[:]
            self.forgotten.clear()
        header, buffers = self._endpoint.ask(question, encoder.buffers)
        error = header.get("error")
        if error is None:
            return header, self.decoder(buffers)
        if question["op"] == "lent" and error == "EOFError":
            raise EOFError  # so that a test can let the user of `input` end the input
        raise built_in_errors.make(str(error))


class _Computation:
    """What a test's function has computed, as a part of the notebook's graphs.

    `inputs` are the tensors from which it was computed, by number.
    """

    def __init__(
        self, asked: AskedBack, number: int, inputs: list[torch.Tensor]
    ) -> None:
        self._asked, self._number, self._inputs = asked, number, inputs
        weakref.finalize(self, asked.forgotten.append, number)

    def join(self, tensor: torch.Tensor, end: int) -> Any:
        """Return the tensor as computed from the inputs. `end` is its number."""
        return joined(tensor, partial(self._derive, end), self._inputs)

    def _derive(self, end: int, gradient: torch.Tensor) -> list[Any]:
        """Return the inputs' gradients for that of the result with this number.

        Within a graph (`create_graph`) they are a part of it, too.
        """
        is_again = torch.is_grad_enabled()
        encoder = self._asked.encoder()
        ends = encoder.ends = GraphEnds()
        question: Header = {
            "op": "derive",
            "v": [self._number, end],
            "a": encoder.encode([[gradient], {}]),
            "again": is_again,
        }
        header, decoder = self._asked.ask(question, encoder)
        if is_again and "graph" in header:
            inputs = [*self._inputs, *ends.tensors]
            decoder.join = _Computation(self._asked, header["graph"], inputs).join
        found = dict(decoder.decode(header["ok"]))
        return [found.get(number) for number in range(len(self._inputs))]
