"""Rows 15, 27 and 32 to 34: the host's files and processes, the network, other runs."""

from typing import Final

from tests.runner.corpus.attack import ABSENT, CHECK, HONEST, Attack, seen
from tests.runner.corpus.leftovers import KEY, MARK

NO_NETWORK: Final = seen("EAFNOSUPPORT", "EPERM", "EACCES", "ENETUNREACH")
NO_IPC: Final = seen("EPERM", "ENOSYS")

PROCESSES: Final = """
others, told = [], 0
for name in filter(str.isdigit, os.listdir("/proc")):
    for part in ("cmdline", "environ"):
        with contextlib.suppress(OSError): told += show_canaries(read(f"/proc/{name}/{part}"))
    with contextlib.suppress(OSError):
        # Our parent, ourselves, our children, and copies of us that wait for questions.
        about = read(f"/proc/{name}/stat").decode(errors="replace").rpartition(")")[2].split()
        if int(name) not in (os.getpid(), os.getppid()) and int(about[1]) not in (os.getpid(), os.getppid()):
            others.append(name)
say("canaries", str(told))
say("others", str(others))
say("host", "seen" if os.path.exists(f"/proc/{PLACES['host']}/exe") else "not seen")
"""
WALK: Final = """
# The installation is no secret, and large.
libraries = {"/proc", "/sys", "/usr", sys.base_prefix}
told = looked = 0
for folder, below, names in os.walk("/"):
    below[:] = [one for one in below if one != "site-packages"
                and os.path.join(folder, one) not in libraries]
    for name in names:
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError):
            if os.path.isfile(path) and os.path.getsize(path) < 10**6:
                told, looked = told + show_canaries(read(path, 10**6)), looked + 1
say("canaries", str(told))
say("looked", "ok" if looked else "at nothing")
"""
OPEN_PLACES: Final = """
for name in ("temporary", "stored", "labels"): attempt(name, read, PLACES[name])
for name, path in PLACES["repository"].items(): attempt(name, read, path)
attempt("jobs", os.listdir, PLACES["jobs"])
"""
KNOCK: Final = """
def connect(kind, family, address):
    door = socket.socket(family, kind)
    door.settimeout(1)
    if kind == socket.SOCK_DGRAM: door.sendto(b"x", address)
    else: door.connect(address)
tcp, udp, four, six = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.AF_INET, socket.AF_INET6
for name, kind, family, address in (
    ("own machine by tcp", tcp, four, ("127.0.0.1", PLACES["tcp"])),
    ("own machine by udp", udp, four, ("127.0.0.1", PLACES["udp"])),
    ("own machine by ipv6", tcp, six, ("::1", PLACES["tcp"])),
    ("cloud metadata", tcp, four, ("169.254.169.254", 80)),
    ("internet by tcp", tcp, four, ("192.0.2.1", 80)),
    ("internet by udp", udp, four, ("192.0.2.1", 53)),
    ("internet by ipv6", tcp, six, ("2001:db8::1", 80)),
):
    attempt(name, connect, kind, family, address)
attempt("icmp", socket.socket, four, udp, 1)
attempt("raw", socket.socket, four, socket.SOCK_RAW, 1)
attempt("name", socket.getaddrinfo, "example.org", 80)
"""
# By their numbers, since a Python may not know all of the names.
FAMILIES: Final = {
    "netlink": 16, "packet": 17, "can": 29, "tipc": 30, "bluetooth": 31, "alg": 38,
    "vsock": 40, "kcm": 41, "smc": 43, "xdp": 44,
}  # fmt: skip
OPEN_FAMILIES: Final = f"""
for name, family in {FAMILIES}.items():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, 5):
        found = outcome(socket.socket, family, kind)
        if found not in ("EAFNOSUPPORT", "EPERM", "EACCES"): break
    say(name, found)
"""
UNIX: Final = """
attempt("abstract", socket.socket(socket.AF_UNIX).connect, "\\0" + PLACES["abstract"])
attempt("path", socket.socket(socket.AF_UNIX).connect, PLACES["path_socket"])
"""
LEFT: Final = f"""
import pathlib
mark, home = {MARK!r}, pathlib.Path.home()
places = dict.fromkeys(
    ["/tmp", "/var/tmp", "/dev/shm", os.environ["TMPDIR"], home, home / ".cache",
     home / ".ipython/profile_default/startup", os.getcwd()])
planted = [pathlib.Path(place, mark + ".py") for place in places]
"""
PLANT_FILES: Final = (
    LEFT
    + """
for path in planted:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("planted = 1")
say("planted", "ok" if sum(path.exists() for path in planted) >= 5 else "no")
import builtins
builtins.planted = os.environ["PLANTED"] = "1"
"""
)
FIND_FILES: Final = (
    LEFT
    + """
import builtins
say("files", str([str(path) for path in planted if path.exists()]))
say("names", str(hasattr(builtins, "planted") or "PLANTED" in os.environ))
"""
)
OBJECTS: Final = f"""
IPC_CREAT, KEY = 0o1000, {KEY} << 16
def objects(flags):
    attempt("shared memory", call, "shmget", KEY | 1, 4096, flags | 0o666)
    attempt("semaphore", call, "semget", KEY | 2, 1, flags | 0o666)
    attempt("queue", call, "msgget", KEY | 3, flags | 0o666)
def lock():
    import fcntl
    # Each bench has a file of its own: jobs at one time do meet in such a lock.
    folder = os.path.dirname(os.__file__)
    files = sorted(one for one in os.listdir(folder) if one.endswith(".py"))
    chosen = os.path.join(folder, files[PLACES["host"] % len(files)])
    fcntl.flock(os.open(chosen, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
"""
PLANT_OBJECTS: Final = (
    OBJECTS
    + f"""
objects(IPC_CREAT)
attempt("posix queue", call, "mq_open", b"{MARK}", os.O_CREAT | os.O_RDWR, 0o666, 0)
attempt("key", call, "add_key", b"user", b"{MARK}", b"x", 1, -4)
attempt("lock", lock)
listening = socket.socket(socket.AF_UNIX)
attempt("abstract socket", listening.bind, "\\0{MARK}")
"""
)
FIND_OBJECTS: Final = (
    OBJECTS
    + f"""
objects(0)
attempt("posix queue", call, "mq_open", b"{MARK}", os.O_RDWR, 0, 0)
attempt("key", call, "request_key", b"user", b"{MARK}", 0, -4)
attempt("lock", lock)
attempt("abstract socket", socket.socket(socket.AF_UNIX).connect, "\\0{MARK}")
"""
)
PROGRAM: Final = f"""
attempt("program", write, os.path.join(os.path.dirname(os.__file__), "{MARK}.py"))
attempt("bytecode", os.makedirs,
        os.path.join(os.path.dirname(PLACES["libraries"]), "{MARK}"))
"""
USES_UNIX: Final = (
    "left, right = socket.socketpair()\nleft.send(b'x'); assert right.recv(1) == b'x'\n"
    "door = socket.socket(socket.AF_UNIX); door.bind('door'); door.listen()\n"
    "socket.socket(socket.AF_UNIX).connect('door')"
)
HOST: Final = (
    Attack(
        row=15,
        name="other-processes",
        cells=(*HONEST, PROCESSES),
        report={"canaries": "0", "others": "[]", "host": "not seen"},
        control=(*HONEST, "!ps -e || true"),
        needs_level="L1",
    ),
    Attack(
        row=27,
        name="walk-over-all-files",
        cells=(*HONEST, WALK),
        report={"canaries": "0", "looked": "ok"},
        control=("write('data.txt')\nanswer = 42\nos.listdir('.')", CHECK),
        needs_level="L1",
        needs_neighbour=True,
    ),
    Attack(
        row=27,
        name="known-paths",
        cells=(*HONEST, OPEN_PLACES),
        report=dict.fromkeys(
            (
                "temporary",
                "stored",
                "labels",
                "repository",
                "corpus",
                "settings",
                "runner",
                "jobs",
            ),
            ABSENT,
        ),
        needs_level="L1",
        needs_neighbour=True,
    ),
    Attack(
        row=32,
        name="internet-and-own-machine",
        cells=(*HONEST, KNOCK),
        report={
            **dict.fromkeys(
                (
                    "own machine by tcp",
                    "own machine by udp",
                    "own machine by ipv6",
                    "cloud metadata",
                    "internet by tcp",
                    "internet by udp",
                    "internet by ipv6",
                    "icmp",
                    "raw",
                ),
                NO_NETWORK,
            ),
            "name": seen("gaierror", "EAFNOSUPPORT", "EPERM", "EACCES"),
        },
        control=(*HONEST, USES_UNIX),
        needs_level="L1",
    ),
    Attack(
        row=33,
        name="families-of-sockets",
        cells=(*HONEST, OPEN_FAMILIES),
        report=dict.fromkeys(FAMILIES, seen("EAFNOSUPPORT", "EPERM", "EACCES")),
        control=(*HONEST, USES_UNIX),
        needs_level="L1",
    ),
    Attack(
        row=33,
        name="sockets-of-the-host",
        cells=(*HONEST, UNIX),
        report={"abstract": seen("ECONNREFUSED", "EPERM"), "path": ABSENT},
        control=(*HONEST, USES_UNIX),
        needs_level="L1",
    ),
    Attack(
        row=34,
        name="files-for-the-next-run",
        cells=(*HONEST, PLANT_FILES),
        report={"planted": "ok"},
        aftermath=(FIND_FILES,),
        aftermath_report={"files": "[]", "names": "False"},
        control=("import tempfile\ntempfile.mkstemp()\nanswer = 42", CHECK),
    ),
    Attack(
        row=34,
        name="objects-of-the-kernel-for-the-next-run",
        cells=(*HONEST, PLANT_OBJECTS),
        report={
            **dict.fromkeys(
                ("shared memory", "semaphore", "queue"), seen("ok", "EPERM", "ENOSYS")
            ),
            "posix queue": "EMFILE",  # none may be made
            "key": NO_IPC,
            "lock": "ok",
            "abstract socket": seen("ok", "EPERM"),
        },
        aftermath=(FIND_OBJECTS,),
        aftermath_report={
            **dict.fromkeys(
                ("shared memory", "semaphore", "queue"),
                seen("ENOENT", "EPERM", "ENOSYS"),
            ),
            "posix queue": seen("ENOENT", "EPERM", "EACCES", "ENOSYS"),
            "key": NO_IPC,
            "lock": "ok",
            "abstract socket": "ECONNREFUSED",
        },
        needs_level="L1",
    ),
    Attack(
        row=34,
        name="programs-of-the-next-run",
        cells=(*HONEST, PROGRAM),
        report=dict.fromkeys(("program", "bytecode"), seen("EROFS", "EACCES")),
        needs_level="L1",
    ),
)
