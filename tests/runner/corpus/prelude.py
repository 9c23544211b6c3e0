"""The first cell of every hostile notebook: tools to attempt things and report them.

Each attempt prints its own line at once, since the process may not live to print
another. The report gives the kernel's answer: a name from errno, the name of an
exception, how a child ended, or "ok" if the call succeeded.
"""

import json
from collections.abc import Mapping
from typing import Final

from runner.protocol.jobs import JobResult
from tests.runner.notebooks import CellLike, text

_MARK: Final = "@@ "
# The form of a canary. This text is in every notebook and is not itself a canary.
CANARY_PATTERN: Final = "kestrel[0-9a-f]{16}"

_TOOLS: Final = r'''
import contextlib, ctypes, errno, json, os, platform, re, signal, socket, sys, time

PLACES = json.loads(__PLACES__)
CANARY = re.compile(rb"__PATTERN__")
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
# x86_64, then the numbers that all younger architectures share.
NUMBERS = {
    "add_key": (248, 217), "bpf": (321, 280), "clone": (56, 220), "clone3": (435, 435),
    "delete_module": (176, 106), "finit_module": (313, 273), "fsopen": (430, 430),
    "init_module": (175, 105), "io_uring_setup": (425, 425), "kcmp": (312, 272),
    "kexec_load": (246, 104), "keyctl": (250, 219), "memfd_create": (319, 279),
    "mlockall": (151, 230), "mount": (165, 40), "move_mount": (429, 429),
    "mq_open": (240, 180), "open_by_handle_at": (304, 265), "open_tree": (428, 428),
    "perf_event_open": (298, 241), "personality": (135, 92),
    "pidfd_getfd": (438, 438), "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424), "pivot_root": (155, 41),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "ptrace": (101, 117), "quotactl": (179, 60), "reboot": (169, 142),
    "request_key": (249, 218), "sched_setscheduler": (144, 119), "semget": (64, 190),
    "setns": (308, 268), "shmat": (30, 196), "shmget": (29, 194), "msgget": (68, 186),
    "swapon": (167, 224), "syslog": (103, 116), "umount2": (166, 39),
    "unshare": (272, 97), "userfaultfd": (323, 282), "acct": (163, 89),
    "settimeofday": (164, 170), "setdomainname": (171, 162), "sethostname": (170, 161),
    "getpid": (39, 172), "mount_setattr": (442, 442),
}


PREFIX = ""


def say(name, value, write=os.write, dumps=json.dumps):
    """Add a line to the report."""
    write(1, ("\n@@ " + dumps([PREFIX + name, value]) + "\n").encode())


def outcome(action, *args):
    try:
        action(*args)
    except OSError as error:
        return errno.errorcode.get(error.errno, type(error).__name__)
    except BaseException as error:
        return type(error).__name__
    return "ok"


def attempt(name, action, *args):
    """Report what the call gave, and go on whatever it was."""
    say(name, outcome(action, *args))


def attempt_in_child(name, action, *args):
    """The same in a forked process, since the call may end it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(5)
            os.write(writing, outcome(action, *args).encode())
        finally:
            os._exit(0)
    os.close(writing)
    found = os.read(reading, 100).decode()
    os.close(reading)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    ended = f"signal {-code}" if code < 0 else f"exit {code}"
    say(name, found or ended)


def call(name, *args):
    """Make the system call; raise OSError as the kernel answers."""
    number = NUMBERS[name][platform.machine() != "x86_64"]
    passed = [ctypes.c_long(one) if isinstance(one, int) else one for one in args]
    result = libc.syscall(ctypes.c_long(number), *passed)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def read(path, size=65536):
    with open(path, "rb") as source:
        return source.read(size)


def write(path, data=b"x", mode="ab"):
    with open(path, mode) as sink:
        sink.write(data)


def show_canaries(data):
    """Print the canaries in the data, and return how many there are."""
    found = set(CANARY.findall(data))
    for one in found:
        print("stolen", one.decode())
    return len(found)


def memory():
    """Yield this process's writable memory, region by region."""
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as image:
        for line in maps:
            span, rights, *_ = line.split()
            start, end = (int(edge, 16) for edge in span.split("-"))
            if rights.startswith("rw"):
                with contextlib.suppress(OSError, OverflowError, ValueError):
                    image.seek(start)
                    yield image.read(end - start)


say("begun", "ok")
'''


def prelude(places: Mapping[str, object]) -> CellLike:
    """Return the first cell of a hostile notebook, with its targets' places."""
    literal = repr(json.dumps(places))
    return _TOOLS.replace("__PLACES__", literal).replace("__PATTERN__", CANARY_PATTERN)


def read_report(result: JobResult) -> dict[str, str]:
    """Return the notebook's report, by the name of the attempt."""
    count = len(
        [
            one
            for one in json.loads(result.notebook)["cells"]
            if one["cell_type"] == "code"
        ]
    )
    lines = "".join(text(result, number + 1) for number in range(count)).splitlines()
    marked = [line.removeprefix(_MARK) for line in lines if line.startswith(_MARK)]
    found: dict[str, str] = dict(json.loads(line) for line in marked)
    assert found.pop("begun", None) == "ok", "the attack did not begin"
    return found
