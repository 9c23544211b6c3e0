"""Rows 86, 87 and 89 to 92: system calls of a process."""

from typing import Final

from tests.runner.corpus.attack import FORBIDDEN, HONEST, Attack, seen
from tests.runner.corpus.verdicts import student_error

NOT_THERE: Final = seen("ESRCH", "EPERM", "EACCES", "ENOENT", "EINVAL")
# The kernel, the C library or the filter refuses the call, or does not have it.
REFUSED: Final = seen("EPERM", "EACCES", "ENOSYS")

TRACE: Final = """
targets = {"parent": os.getppid(), "first": 1, "host": PLACES["host"],
           "zygote": PLACES["zygote"] or PLACES["host"]}
class Piece(ctypes.Structure):
    _fields_ = [("start", ctypes.c_void_p), ("length", ctypes.c_size_t)]
room = ctypes.create_string_buffer(64)
here = ctypes.byref(Piece(ctypes.addressof(room), 64))
def transfer(name, pid): call(name, pid, here, 1, here, 1, 0)
def steal(pid): call("pidfd_getfd", call("pidfd_open", pid, 0), 1, 0)
for name, pid in targets.items():
    attempt_in_child(f"trace {name}", call, "ptrace", 16, pid, 0, 0)
    attempt_in_child(f"seize {name}", call, "ptrace", 0x4206, pid, 0, 0)
    attempt(f"read {name}", transfer, "process_vm_readv", pid)
    attempt(f"write {name}", transfer, "process_vm_writev", pid)
    attempt(f"descriptor of {name}", steal, pid)
    attempt(f"memory of {name}", read, f"/proc/{pid}/mem", 10)
    attempt(f"environment of {name}", read, f"/proc/{pid}/environ")
    attempt(f"folder of {name}", os.listdir, f"/proc/{pid}/cwd/")
    attempt(f"compare {name}", call, "kcmp", os.getpid(), pid, 0, 1, 1)
child = os.fork()
if child == 0: time.sleep(60)
attempt("trace own child", call, "ptrace", 16, child, 0, 0)
os.kill(child, 9)
"""
TARGETS: Final = ("parent", "first", "host", "zygote")
WAYS: Final = (
    "trace {}", "seize {}", "read {}", "write {}", "descriptor of {}", "memory of {}",
    "environment of {}", "folder of {}", "compare {}",
)  # fmt: skip
KILL_OTHERS: Final = """
for name in ("host", "zygote"):
    pid = PLACES[name] or PLACES["host"]
    for number in (0, 9, 15, 19): found = outcome(os.kill, pid, number)
    say(name, found)
    attempt(f"group of {name}", os.killpg, pid, 9)
# Those numbers are other processes in here, or none; these are all that there are.
alive = os.fork()
if alive == 0: time.sleep(60)
attempt("all", os.kill, -1, 9)
_, status = os.waitpid(alive, 0)
say("own child", f"signal {os.WTERMSIG(status)}")
"""
KILL_PARENT: Final = """
say("begun anew", "ok")
for number in range(1, 65):
    with contextlib.suppress(OSError): os.kill(os.getppid(), number)
    with contextlib.suppress(OSError): os.kill(1, number)
time.sleep(0.5)
say("alive", "ok")
"""
KILL_OWN_GROUP: Final = 'say("begun anew", "ok")\nos.killpg(0, 9)'
FLAGS: Final = {
    "user": 0x10000000, "mount": 0x00020000, "pid": 0x20000000, "net": 0x40000000,
    "ipc": 0x08000000, "uts": 0x04000000, "cgroup": 0x02000000, "time": 0x00000080,
}  # fmt: skip
NAMESPACES: Final = f"""
for name, flag in {FLAGS}.items():
    attempt_in_child(f"leave {{name}}", call, "unshare", flag)
def clone(flags):
    # A child would return here too.
    if call("clone", flags | 17, 0, 0, 0, 0) == 0: os._exit(0)
for name, flag in {FLAGS}.items():
    if name != "time": attempt_in_child(f"clone {{name}}", clone, flag)
attempt_in_child("clone3", call, "clone3", ctypes.create_string_buffer(64), 64)
def join(path): call("setns", os.open(path, os.O_RDONLY), 0)
for name in ("user", "mnt", "pid", "net", "ipc", "uts"):
    attempt_in_child(f"join {{name}}", join, f"/proc/1/ns/{{name}}")
    attempt_in_child(f"rejoin {{name}}", join, f"/proc/self/ns/{{name}}")
"""
MOUNTS: Final = """
here = os.getcwd().encode()
os.makedirs("place", exist_ok=True)
for name, kind in (("tmpfs", b"tmpfs"), ("proc", b"proc"), ("overlay", b"overlay")):
    attempt_in_child(name, call, "mount", b"none", here + b"/place", kind, 0, 0)
attempt_in_child("bind", call, "mount", b"/", here + b"/place", 0, 4096, 0)
attempt_in_child("writable", call, "mount", 0, b"/usr", 0, 32 | 4096, 0)
attempt_in_child("unmount", call, "umount2", b"/usr", 2)
attempt_in_child("pivot", call, "pivot_root", b".", b".")
attempt_in_child("chroot", os.chroot, ".")
attempt_in_child("open tree", call, "open_tree", -100, b"/", 1)
attempt_in_child("open file system", call, "fsopen", b"tmpfs", 0)
attempt_in_child("move", call, "move_mount", -100, b"/usr", -100, here + b"/place", 0)
attempt_in_child("attributes", call, "mount_setattr", -100, b"/usr", 0, bytes(32), 32)
attempt_in_child("by handle", call, "open_by_handle_at", -100, bytes(64), 0)
"""
MOUNT_NAMES: Final = (
    "tmpfs", "proc", "overlay", "bind", "writable", "unmount", "pivot", "chroot",
    "open tree", "open file system", "move", "attributes", "by handle",
)  # fmt: skip
CALLS: Final = """
room = ctypes.create_string_buffer(256)
for name, *args in (
    ("bpf", 0, room, 128), ("perf_event_open", room, 0, -1, -1, 0),
    ("userfaultfd", 0), ("io_uring_setup", 1, room), ("keyctl", 0, -3, 1),
    ("add_key", b"user", b"name", b"x", 1, -4), ("request_key", b"user", b"name", 0, -4),
    ("kexec_load", 0, 0, 0, 0), ("init_module", room, 1, b""),
    ("finit_module", 0, b"", 0), ("delete_module", b"none", 0), ("quotactl", 0, 0, 0, 0),
    ("reboot", 0, 0, 0, 0), ("swapon", b"none", 0), ("acct", b"none"),
    ("syslog", 3, room, 100), ("settimeofday", room, 0), ("sethostname", b"x", 1),
    ("setdomainname", b"x", 1), ("memfd_create", b"x", 0), ("shmget", 0, 4096, 0o1666),
    ("personality", 0x0040000),
):
    attempt_in_child(name, call, name, *args)
"""
CALL_NAMES: Final = (
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "keyctl", "add_key",
    "request_key", "kexec_load", "init_module", "finit_module", "delete_module",
    "quotactl", "reboot", "swapon", "acct", "syslog", "settimeofday", "sethostname",
    "setdomainname", "memfd_create", "shmget", "personality",
)  # fmt: skip
# mov eax, 20; int 0x80; ret: the number of getpid for 32-bit programs.
OTHER_ABIS: Final = r"""
import mmap
def run(code):
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    if ctypes.CFUNCTYPE(ctypes.c_long)(address)() < 0: raise OSError(errno.ENOSYS, "")
is_x86 = platform.machine() == "x86_64"
if is_x86:
    attempt_in_child("int 0x80", run, b"\xb8\x14\0\0\0\xcd\x80\xc3")
    # mov eax, 0x40000027; syscall; ret
    attempt_in_child("x32", run, b"\xb8\x27\0\0\x40\x0f\x05\xc3")
else:
    for name in ("int 0x80", "x32"): say(name, "signal 31")
"""
BECOME: Final = """
import shutil, subprocess
attempt("user", os.setuid, 0)
attempt("effective user", os.seteuid, 0)
attempt("group", os.setgid, 0)
attempt("groups", os.setgroups, [0])
status = dict(line.split(":\\t") for line in read("/proc/self/status").decode().splitlines()
              if ":\\t" in line)
say("no new privileges", status["NoNewPrivs"])
for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
    say(name, str(int(status[name], 16)))
shutil.copy(shutil.which("id"), "id")
os.chmod("id", 0o6755)
mine = str(os.getuid())
def user_of(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=4)
    return done.stdout.decode().strip()
say("own setuid program", "no effect" if user_of("./id", "-u") == mine else "effect")
became = []
for folder in ("/usr/bin", "/bin", "/usr/sbin"):
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if entry.stat().st_mode & 0o4000: became.append(entry.path)
said = user_of("su", "-c", "id -u") if shutil.which("su") else ""
say("setuid programs", "no effect" if said != "0" else f"{became}")
def give(): os.setxattr("id", "security.capability", bytes.fromhex("0100000202000000" * 2 + "00000000"))
attempt("file capabilities", give)
"""
NO_CAPABILITIES: Final = dict.fromkeys(
    ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"), "0"
)
CHILDREN: Final = "import subprocess\nsubprocess.run(['true'], check=True)"

KERNEL: Final = (
    Attack(
        row=86,
        name="tracing",
        cells=(*HONEST, TRACE),
        report={
            **{way.format(who): NOT_THERE for way in WAYS for who in TARGETS},
            "trace own child": FORBIDDEN,
        },
        control=(*HONEST, CHILDREN),
        needs_level="L1",
        needs_neighbour=True,
    ),
    Attack(
        row=87,
        name="killing-others",
        cells=(*HONEST, KILL_OTHERS),
        # All of its processes: the snapshot that waited for the question too.
        scores={"q1": [0.0]},
        report={
            **dict.fromkeys(
                ("host", "group of host", "zygote", "group of zygote"), NOT_THERE
            ),
            "all": "ok",
            "own child": "signal 9",
        },
        control=(*HONEST, "os.kill(os.getpid(), 0)"),
        needs_level="L1",
        needs_neighbour=True,
    ),
    Attack(
        row=87,
        name="every-signal-to-the-parent",
        cells=(*HONEST, KILL_PARENT),
        or_else=(student_error("process_died"),),
        report={"begun anew": "ok", "alive": "ok"},
        needs_level="L1",
        needs_neighbour=True,
    ),
    Attack(
        row=87,
        name="killing-its-own-group",
        cells=(*HONEST, KILL_OWN_GROUP),
        expect=student_error("process_died", signal=9),
        report={"begun anew": "ok"},
        needs_neighbour=True,
    ),
    Attack(
        row=89,
        name="namespaces",
        cells=(*HONEST, NAMESPACES),
        report={
            **{f"leave {name}": FORBIDDEN for name in FLAGS},
            **{f"clone {name}": FORBIDDEN for name in FLAGS if name != "time"},
            "clone3": "ENOSYS",
            **{
                f"{verb} {name}": REFUSED
                for verb in ("join", "rejoin")
                for name in ("user", "mnt", "pid", "net", "ipc", "uts")
            },
        },
        control=(*HONEST, CHILDREN),
        needs_level="L1",
    ),
    Attack(
        row=89,
        name="mounts",
        cells=(*HONEST, MOUNTS),
        report=dict.fromkeys(MOUNT_NAMES, REFUSED),
        control=(*HONEST, "os.makedirs('place')\nread('/proc/self/mountinfo')"),
        needs_level="L1",
    ),
    Attack(
        row=90,
        name="calls-that-nobody-needs",
        cells=(*HONEST, CALLS),
        report=dict.fromkeys(CALL_NAMES, REFUSED),
        control=(*HONEST, CHILDREN),
        needs_level="L1",
    ),
    Attack(
        row=91,
        name="calls-of-other-architectures",
        cells=(*HONEST, OTHER_ABIS),
        report=dict.fromkeys(
            ("int 0x80", "x32"), seen("signal 31", "signal 11", "ENOSYS", "EPERM")
        ),
        control=(*HONEST, "ctypes.CDLL(None).getpid()"),
        needs_level="L1",
    ),
    Attack(
        row=92,
        name="becoming-somebody-else",
        cells=(*HONEST, BECOME),
        report={
            **dict.fromkeys(
                ("user", "effective user", "group", "groups"),
                seen("EPERM", "EINVAL"),
            ),
            "file capabilities": seen("EPERM", "EINVAL", "ENOTSUP"),
            **NO_CAPABILITIES,
            "no new privileges": "1",
            "own setuid program": "no effect",
            "setuid programs": "no effect",
        },
        control=(*HONEST, "!id"),
        needs_level="L1",
    ),
)
