"""A job cannot make kernel memory that its measures do not count; honest work runs."""

import pytest

from runner.host.runner import Runner
from tests.runner.notebooks import job, text

pytestmark = pytest.mark.torch

MAKING = """
import ctypes, errno, os, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
def made(result): return errno.errorcode[ctypes.get_errno()] if result < 0 else "made"
open("own", "w").close()
def listing(*entries):
    try: os.setxattr("own", "system.posix_acl_access", struct.pack("<I", 2) + b"".join(entries))
    except OSError as error: return errno.errorcode[error.errno]
    return "made"
one = lambda tag: struct.pack("<HHI", tag, 7, 0xFFFFFFFF)
print(listing(one(1), one(4), one(32)))
print(made(libc.syscall(444, ctypes.create_string_buffer(24), 24, 0)))
program = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
wanted = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 1, ctypes.addressof(program)))
print(made(libc.prctl(22, 2, wanted, 0, 0)))
with socket.socket(socket.AF_UNIX) as sock:
    print(made(libc.setsockopt(sock.fileno(), 1, 26, wanted, 16)))
"""


def test_calls_that_make_uncounted_kernel_memory_are_refused(runner: Runner) -> None:
    said = text(runner.run(job(MAKING))).split()
    assert said == ["ENOTSUP", "ENOSYS", "EINVAL", "ENOPROTOOPT"]


HONEST = """
import asyncio, multiprocessing, os, shutil, socket, subprocess, threading
os.makedirs("a/b")
with open("a/b/c", "w") as file: file.write("x")
shutil.copytree("a", "d"); shutil.copy2("a/b/c", "e"); shutil.move("e", "f")
command = "cp -a a g && tar cf h.tar a && mkdir i && tar xpf h.tar -C i"
print(subprocess.run(command, shell=True, capture_output=True, text=True))
async def say():
    program = await asyncio.create_subprocess_exec("echo", "hello", stdout=-1)
    return await program.communicate()
print(await say())
one, other = socket.socketpair()
one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
with multiprocessing.Pool(2) as pool: print(pool.map(abs, [-1, -2]))
"""


def test_honest_work_runs_without_these_calls(runner: Runner) -> None:
    result = runner.run(job(HONEST))
    assert result.code == "completed"
    assert "returncode=0, stdout='', stderr=''" in text(result)
    assert text(result).endswith("(b'hello\\n', None)\n[1, 2]\n")
