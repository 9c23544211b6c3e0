"""Forks this process, which has torch imported, into namespaces of its own.

The child reports its times and ends. This is the least that a warm and jailed run
costs.
"""

import ctypes
import os
import time
from typing import Final

import torch

from bench.workers.lines import Answer, serve

# User, mount, process, network, IPC, host name and control group, as in <sched.h>.
_NAMESPACES: Final = (
    0x10000000 | 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000
) | 0x02000000
_libc = ctypes.CDLL(None, use_errno=True)


def run(_request: object) -> Answer:
    """Return the times until the child was isolated, and until it was gone."""
    ours, theirs = os.pipe()
    begun = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        forked = time.perf_counter()
        failed = _libc.unshare(_NAMESPACES) != 0
        # The clock is the same in both processes.
        spent = time.perf_counter() - forked
        os.write(theirs, f"{int(failed)} {forked - begun} {spent}".encode())
        os._exit(0)
    answer = os.read(ours, 100)
    ready = time.perf_counter()
    os.waitpid(pid, 0)
    gone = time.perf_counter()
    os.close(ours)
    os.close(theirs)
    failed_text, fork_text, unshare_text = answer.decode().split()
    return {
        "isolated": failed_text == "0",
        "seconds": ready - begun,
        "fork": float(fork_text),
        "unshare": float(unshare_text),
        "end": gone - ready,
    }


if __name__ == "__main__":
    serve(run, {"torch": torch.__version__})
