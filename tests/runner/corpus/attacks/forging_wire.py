"""Rows 7 and 13: a snapshot that answers a grader as it likes."""

from typing import Final

from runner.protocol.jobs import QuestionSpec
from tests.runner.corpus.attack import CHECK, Attack
from tests.runner.corpus.attacks.forging_answers import NOTHING, asserting

# The one method through which every answer of a snapshot goes.
TAKE_OVER: Final = """
import sys
service = sys.modules["runner.inside.student.service"].Service
link = sys.modules["runner.wire.link"]
answer = 0
def serve(self, header, buffers):
    {body}
service._serve = serve
say("patched", "ok")
"""
REPORT: Final = {"patched": "ok"}
IS_42: Final = asserting("assert answer == 42")
IS_TENSOR: Final = asserting(
    "import torch",
    "assert isinstance(answer, torch.Tensor)",
    "assert torch.equal(answer, torch.full((3,), 42.0))",
)


def wire(name: str, body: str, tests: QuestionSpec = IS_42, *, row: int = 13) -> Attack:
    """Return an attack whose snapshot answers by this code."""
    return Attack(
        row=row,
        name=f"copy-{name}",
        cells=(TAKE_OVER.format(body=body), CHECK),
        questions=(tests,),
        scores=NOTHING,
        report=REPORT,
        control=HONEST_TENSOR if tests is IS_TENSOR else ("answer = 42", CHECK),
    )


HONEST_TENSOR: Final = ("import torch\nanswer = torch.full((3,), 42.0)", CHECK)
HANDLE: Final = (
    '{"k": "handle", "v": 0, "callable": True, "class": False, "bases": ["%s"]}'
)
COPY: Final = (
    wire("yes-to-everything", 'return {"ok": True}, []'),
    wire("nothing-at-all", "return {}, []"),
    wire("another-version", 'return {"ok": {"k": "newer"}}, []'),
    wire("a-pickle", 'return {"ok": {"k": "pickle", "b": 0}}, [memoryview(b"c")]'),
    wire("a-name-to-import", 'return {"ok": {"k": "library", "v": "os:abort"}}, []'),
    wire(
        "a-type-for-a-value", 'return {"ok": {"k": "type", "v": "object"}}, []', row=7
    ),
    wire(
        "an-object-for-a-tensor",
        f'return {{"ok": {HANDLE % "torch.Tensor"}}}, []',
        IS_TENSOR,
        row=7,
    ),
    wire(
        "bytes-too-short",
        'return {"ok": {"k": "tensor", "d": "float32", "s": [3], "b": 0, "g": False}}, '
        '[memoryview(b"1234")]',
        IS_TENSOR,
    ),
    wire(
        "more-bytes-than-are-taken",
        "self._endpoint.link.sock.sendall(link._START.pack(2, 1) + "
        'link._LENGTH.pack(2**40) + b"{}"); return {"ok": 42}, []',
    ),
    wire(
        "questions-without-end",
        'return self._endpoint.ask({"op": "callback", "v": 0, "a": None}, [])',
    ),
    wire("no-answer-in-time", "import time; time.sleep(3600)"),
    wire("a-hand-full-of-answers", "return [{'ok': 42}] * 3, []"),
    wire("a-leave", "os._exit(0)"),
)
