"""No process outruns its end by forking: none is left when the next question is asked."""

import os
from typing import Final

import pytest

from runner.host.runner import Runner
from tests.runner.notebooks import cell, job, messages, question, scores

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="code of this processor"),
]

# Each process counts, clones the next one, which shares its memory, and ends.
CHAIN: Final = r"""
import ctypes, mmap, os, struct, time
counter = mmap.mmap(-1, 4096)
at = ctypes.addressof(ctypes.c_char.from_buffer(counter))
count = b'\xf0\x49\xff\x01'                                # lock inc [r9]
clone = b'\xb8\x38\0\0\0\xbf\x11\x01\0\0\x31\xf6\x31\xd2\x4d\x31\xd2\x4d\x31\xc0\x0f\x05'
code = b'\x49\xb9' + struct.pack('<Q', at) + count + clone + b'\x48\x85\xc0'
code += b'\x74' + struct.pack('b', 10 - len(code) - 2)     # in the next one: count
code += b'\x78' + struct.pack('b', 14 - len(code) - 2)     # it failed: clone again
code += b'\xb8\x3c\0\0\0\x31\xff\x0f\x05'                  # end
place = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
place.write(code)
run = ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(place)))
def counted(): return struct.unpack_from('<Q', counter)[0]
def begin():
    for _ in range(2):
        if os.fork() == 0: run()
def solve():
    before = counted()
    time.sleep(0.05)
    is_alone = counted() == before
    begin()
    time.sleep(0.05)
    return is_alone and counted() > before
"""


def test_a_process_that_forks_and_ends_again_and_again_is_ended(runner: Runner) -> None:
    """The notebook leaves such a chain, and so does each question."""
    keys = [f"q{number}" for number in range(8)]
    checks = [
        question(key, "def check(solve): assert solve() is True\n") for key in keys
    ]
    cells = [cell(f"# softmark: check {key}") for key in keys]
    result = runner.run(job(CHAIN, *cells, "begin()", questions=tuple(checks)))
    assert scores(result) == {key: [1.0] for key in keys}, messages(result)
