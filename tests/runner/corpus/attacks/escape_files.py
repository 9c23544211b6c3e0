"""Rows 82 to 85, 88 and 93 to 101: files, devices, descriptors and neighbours."""

from collections.abc import Mapping
from typing import Final

from tests.runner.corpus.attack import (
    ABSENT,
    CHECK,
    FORBIDDEN,
    HONEST,
    Attack,
    seen,
)
from tests.runner.corpus.attacks import kernel_files
from tests.runner.corpus.leftovers import MARK
from tests.runner.notebooks import question

READ_ONLY: Final = seen("EROFS", "EACCES", "EPERM")
GONE: Final = seen("ENOENT", "EACCES", "EROFS", "EPERM")
NO_SUCH_DEVICE: Final = seen("ENOENT", "ENXIO", "EPERM", "EACCES")
ORIGINAL: Final = question(
    "q1",
    "def check(answer, files, private):\n"
    "    assert (files / 'weights.bin').read_bytes() == b'as handed in'\n"
    "    assert 'kestrel' in (private / 'labels.txt').read_text()\n"
    "    assert answer == 42\n",
)


def weights() -> Mapping[str, bytes]:
    """Hand in a weights file too."""
    return {"weights.bin": b"as handed in"}


READ_HOST: Final = """
users = {"root", "nobody", "student", "nogroup"}
with contextlib.suppress(OSError):
    users |= {line.split(":")[0] for line in read("/etc/passwd").decode().splitlines()}
say("users", "none of the host's" if len(users) <= 5 else str(sorted(users)))
for path in ("/etc/shadow", "/etc/ssh", "/root/.ssh", "/boot", "/var/log", "/var/lib",
             "/opt/secret", "/etc/hostname"):
    attempt(path, os.stat, path)
say("homes", str([one for one in os.listdir("/home") if one != "student"])
    if os.path.isdir("/home") else "[]")
# An interpreter in somebody's home is shown, at its own place, and nothing beside it.
shown = [*filter(None, sys.path), sys.prefix, sys.base_prefix, sys.executable]
shown += map(os.path.realpath, list(shown))
beside = [os.path.join(folder, one) for folder in ("/root", "/srv", "/opt", "/mnt")
          if os.path.isdir(folder) for one in os.listdir(folder)]
say("beside", str([one for one in beside if not any(
    os.path.commonpath((path, one)) == one for path in shown)]))
for name, path in PLACES["repository"].items(): attempt(name, read, path)
attempt("jobs", os.listdir, PLACES["jobs"])
"""
READ_PATHS: Final = (
    "/etc/shadow", "/etc/ssh", "/root/.ssh", "/boot", "/var/log", "/var/lib",
    "/opt/secret", "/etc/hostname", "repository", "corpus", "settings", "runner", "jobs",
)  # fmt: skip
WRITE_HOST: Final = f"""
library, standard = PLACES["libraries"], os.__file__
attempt("library", write, library)
attempt("truncated library", write, library, b"", "wb")
attempt("removed library", os.remove, library)
attempt("renamed library", os.rename, library, library + ".old")
attempt("own times", os.utime, library)
attempt("rights", os.chmod, library, 0o777)
attempt("beside it", write, os.path.join(os.path.dirname(library), "{MARK}.py"))
attempt("bytecode", write, os.path.join(os.path.dirname(standard), "__pycache__", "{MARK}.pyc"))
attempt("standard library", write, standard)
attempt("interpreter", write, os.path.realpath(sys.executable))
attempt("path file", write, os.path.join(os.path.dirname(os.path.dirname(library)), "{MARK}.pth"))
attempt("/usr/bin", write, "/usr/bin/{MARK}")
attempt("/usr/local", os.makedirs, "/usr/local/lib/{MARK}")
attempt("/etc", write, "/etc/ld.so.preload")
attempt("/", os.makedirs, "/{MARK}")
import torch
attempt("torch", write, torch.__file__)
"""
WRITE_NAMES: Final = (
    "library", "truncated library", "removed library", "renamed library", "own times",
    "rights", "beside it", "bytecode", "standard library", "interpreter", "path file",
    "/usr/bin", "/usr/local", "/etc", "/", "torch",
)  # fmt: skip
SECRETS: Final = """
environment = read("/proc/self/environ")
say("at the start", str(show_canaries(environment)))
say("now", str(show_canaries(repr(dict(os.environ)).encode())))
odd = [one for one in os.environ if any(
    word in one for word in ("SECRET", "KEY", "TOKEN", "DATABASE", "DJANGO", "REDIS", "BROKER"))]
say("odd names", str(odd))
loaded = [one for one in ("django", "celery", "portal", "grading", "submissions", "psycopg")
          if one in sys.modules]
say("loaded", str(loaded))
say("arguments", repr(sys.argv))
"""
DESCRIPTORS: Final = """
import asyncio
loop, kinds = asyncio.get_event_loop(), []
own = {one.fileno() for one in (loop._ssock, loop._csock, loop._selector)}
for fd in set(range(256)) - own:
    with contextlib.suppress(OSError):
        kinds.append(os.readlink(f"/proc/self/fd/{fd}").split(":")[0])
for allowed in ("/dev/null", "pipe", "pipe", "pipe", "pipe", "socket"):
    if allowed in kinds: kinds.remove(allowed)
say("more than its own", str(kinds))
"""
DAEMONS: Final = f"""
import subprocess
def rename(name): libc.prctl(15, name, 0, 0, 0)
for name in (b"{MARK}", b") Z 1 1 1 (", b"1 (init) S 0"):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            rename(name)
            for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)
            os.closerange(0, 256)
            time.sleep(98765)
        os._exit(0)
subprocess.Popen(["nohup", "setsid", "sleep", "98765"], stdout=subprocess.DEVNULL,
                 stderr=subprocess.DEVNULL)
os.system("(sleep 98765; touch {MARK}) &")
say("started", "ok")
"""
DEVICES: Final = """
import stat
for name in ("kmsg", "mem", "port", "sda", "vda", "nvme0n1", "loop-control", "loop0", "fuse",
             "kvm", "vsock", "vhost-vsock", "net/tun", "mapper/control", "uinput",
             "snapshot", "userfaultfd", "autofs", "console", "tty1"):
    attempt(name, os.open, f"/dev/{name}", os.O_RDWR)
for name, mode in (("block", stat.S_IFBLK), ("character", stat.S_IFCHR)):
    attempt(f"make {name}", os.mknod, f"made-{name}", 0o666 | mode, os.makedev(1, 3))
known = {"null", "zero", "full", "random", "urandom", "tty", "shm", "pts", "ptmx", "fd",
         "stdin", "stdout", "stderr", "mqueue", "console", "core"}
known |= {one for one in os.listdir("/dev") if one.startswith("nvidia")}
say("more than needed", str(sorted(set(os.listdir("/dev")) - known)))
"""
DEVICE_NAMES: Final = (
    "kmsg", "mem", "port", "sda", "vda", "nvme0n1", "loop-control", "loop0", "fuse", "kvm",
    "vsock", "vhost-vsock", "net/tun", "mapper/control", "uinput", "snapshot",
    "userfaultfd", "autofs", "console", "tty1",
)  # fmt: skip
TERMINAL: Final = """
import fcntl, termios
attempt("terminal", os.open, "/dev/tty", os.O_RDWR)
for fd in (0, 1, 2): attempt(f"push into {fd}", fcntl.ioctl, fd, termios.TIOCSTI, b"x")
attempt("name", os.ttyname, 0)
status = read("/proc/self/stat").decode().rpartition(")")[2].split()
say("controlling terminal", status[4])
say("leads a session", str(os.getsid(0) == os.getpid() or os.getsid(0) == 0))
# A terminal of its own, as `!` commands get, is no way to anybody else's.
main, other = os.openpty()
attempt("push into its own", fcntl.ioctl, other, termios.TIOCSTI, b"x")
"""
KERNELS: Final = """
import glob, pathlib
places = [pathlib.Path.home() / ".local/share/jupyter/runtime", "/tmp", "/run", "/var/run"]
say("connection files", str([str(one) for place in places
                             for one in pathlib.Path(place).glob("**/kernel-*.json")]))
lines = read("/proc/net/unix").decode().splitlines()[1:]
say("named sockets", str([line.split()[7:] for line in lines if len(line.split()) > 7]))
for name in ("tcp", "tcp6", "udp"):
    say(name, str(len(read(f"/proc/net/{name}").splitlines()) - 1))
"""
SERVICES: Final = """
def connect(port):
    with socket.socket() as door:
        door.settimeout(1)
        door.connect(("127.0.0.1", port))
for name, port in (("broker", 6379), ("database", 5432), ("portal", 8000), ("mail", 25),
                   ("listening", PLACES["tcp"])):
    attempt(name, connect, port)
for path in ("/run/postgresql/.s.PGSQL.5432", "/run/redis/redis.sock", "/run/docker.sock",
             "/run/dbus/system_bus_socket", "/run/systemd/private", PLACES["path_socket"]):
    attempt(path if path != PLACES["path_socket"] else "open door",
            socket.socket(socket.AF_UNIX).connect, path)
"""
SERVICE_SOCKETS: Final = (
    "/run/postgresql/.s.PGSQL.5432", "/run/redis/redis.sock", "/run/docker.sock",
    "/run/dbus/system_bus_socket", "/run/systemd/private", "open door",
)  # fmt: skip
REPLACED: Final = """
quietly = contextlib.suppress(OSError)
for name, target in (("work.ipynb", PLACES["stored"]), ("weights.bin", PLACES["temporary"]),
                     ("everything", "/"), ("memory", "/proc/self/mem"),
                     ("endless", "/dev/zero")):
    with quietly: os.remove(name)
    with quietly: os.symlink(target, name)
with quietly: os.mkfifo("output.ipynb")
with quietly: socket.socket(socket.AF_UNIX).bind("results.json")
write("own")
with quietly: os.link("own", "hard")
for folder in ("/files", "../files", "/private", "../private"):
    for name in ("weights.bin", "labels.txt", "run.sh"):
        with quietly: os.remove(f"{folder}/{name}")
        with quietly: os.symlink(PLACES["stored"], f"{folder}/{name}")
        with quietly: write(f"{folder}/{name}", b"replaced")
say("replaced", "ok" if os.path.islink("work.ipynb") else "no")
"""
NAMES: Final = r"""
import threading
for name in (b"\xff\xfe", b"\xed\xa0\x80", b"new\nline", b"\x1b[2J", b"a" * 255, b" ",
             "\u202egnp.exe".encode(), b"-rf", b"*", b"con", b"..."):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
def grow():
    with open("growing", "wb") as sink:
        while sink.tell() < 4 * 1024**2:
            sink.write(bytes(4096)); sink.flush(); time.sleep(0.0005)
threading.Thread(target=grow, daemon=True).start()
if os.fork() == 0: grow()
say("made", "ok" if len(os.listdir(b".")) > 11 else "no")
"""
PLANTED: Final = f"""
import pathlib
home = pathlib.Path.home()
bad = "open('{MARK}', 'w')"
for path in (home / ".ipython/profile_default/startup/00.py", home / ".pythonrc.py",
             home / ".bashrc", home / ".profile", home / ".config/matplotlib/matplotlibrc",
             home / f".local/lib/python3.{{sys.version_info[1]}}/site-packages/usercustomize.py",
             pathlib.Path("/tmp/sitecustomize.py"), pathlib.Path("sitecustomize.py")):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(bad)
for name in ("LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONSTARTUP", "PYTHONPATH", "PYTHONHOME",
             "BASH_ENV", "MPLCONFIGDIR", "IPYTHONDIR"):
    os.environ[name] = "/tmp/{MARK}"
say("planted", "ok")
"""
FIND_PLANTED: Final = f"""
import pathlib, sys
home = pathlib.Path.home()
pythons = [os.path.realpath(one) for one in (sys.prefix, sys.base_prefix)]
files = [str(path) for top in (home, pathlib.Path("/tmp"), pathlib.Path("."))
         for path in top.rglob("*customize.py")
         if not any(path.resolve().is_relative_to(one) for one in pythons)]
say("files", str(files))
say("startup", str(os.listdir(home / ".ipython/profile_default/startup"))
    if (home / ".ipython/profile_default/startup").is_dir() else "[]")
say("run", str(os.path.exists("{MARK}")))
say("variables", str([name for name, value in os.environ.items() if "{MARK}" in value]))
"""
FILES: Final = (
    Attack(
        row=82,
        name="files-of-the-host",
        cells=(*HONEST, READ_HOST),
        report={
            **dict.fromkeys(READ_PATHS, seen(ABSENT, "EACCES")),
            "users": "none of the host's",
            "homes": "[]",
            "beside": "[]",
        },
        control=(*HONEST, "import getpass, pathlib\npathlib.Path.home().exists()"),
        needs_level="L1",
        needs_neighbour=True,
    ),
    Attack(
        row=83,
        name="writing-to-the-installation",
        cells=(*HONEST, WRITE_HOST),
        report=dict.fromkeys(WRITE_NAMES, READ_ONLY),
        control=(*HONEST, "write('own.txt')"),
        needs_level="L1",
    ),
    Attack(
        row=84,
        name="secrets-of-the-zygote",
        cells=(*HONEST, SECRETS),
        report={
            "at the start": "0",
            "now": "0",
            "odd names": "[]",
            "loaded": "[]",
            "arguments": "['']",
        },
    ),
    Attack(
        row=85,
        name="inherited-descriptors",
        cells=(*HONEST, DESCRIPTORS),
        report={"more than its own": "[]"},
    ),
    Attack(
        row=88,
        name="daemons-with-odd-names",
        cells=(*HONEST, DAEMONS),
        report={"started": "ok"},
        control=(*HONEST, "import subprocess\nsubprocess.Popen(['sleep', '9'])"),
        needs_neighbour=True,
    ),
    Attack(
        row=93,
        name="files-of-the-kernel",
        cells=(*HONEST, kernel_files.KERNEL_FILES),
        report={
            **dict.fromkeys(kernel_files.WRITTEN_FILES, GONE),
            **dict.fromkeys(kernel_files.READ_FILES, seen(*GONE, "nothing")),
            "own group of processes": GONE,
        },
        control=(*HONEST, "read('/proc/self/status')\nos.cpu_count()"),
        needs_level="L1",
    ),
    Attack(
        row=94,
        name="devices",
        cells=(*HONEST, DEVICES),
        report={
            **dict.fromkeys(DEVICE_NAMES, NO_SUCH_DEVICE),
            **dict.fromkeys(("make block", "make character"), FORBIDDEN),
            "more than needed": "[]",
        },
        control=(*HONEST, "read('/dev/urandom', 1); write('/dev/null')"),
        needs_level="L1",
    ),
    Attack(
        row=95,
        name="terminals",
        cells=(*HONEST, TERMINAL),
        report={
            "terminal": seen("ENXIO", "ENOENT"),
            **{
                f"push into {fd}": seen("ENOTTY", "EINVAL", "EPERM", "EIO")
                for fd in ("0", "1", "2", "its own")
            },
            "name": seen("ENOTTY", "ENODEV"),
            "controlling terminal": "0",
            "leads a session": "True",
        },
        control=(*HONEST, "!tty || true"),
        needs_level="L1",
    ),
    Attack(
        row=96,
        name="kernels-of-neighbours",
        cells=(*HONEST, KERNELS),
        report={
            "connection files": "[]",
            "named sockets": "[]",
            "tcp": "0",
            "tcp6": "0",
            "udp": "0",
        },
        needs_level="L1",
        needs_neighbour=True,
    ),
    Attack(
        row=97,
        name="services-of-the-host",
        cells=(*HONEST, SERVICES),
        report={
            **dict.fromkeys(
                ("broker", "database", "portal", "mail", "listening"),
                seen("EAFNOSUPPORT", "EPERM", "EACCES", "ENETUNREACH", "ECONNREFUSED"),
            ),
            **dict.fromkeys(SERVICE_SOCKETS, seen(ABSENT, "EACCES")),
        },
        needs_level="L1",
    ),
    Attack(
        row=98,
        name="files-replaced-by-links",
        cells=("answer = 42", REPLACED, CHECK),
        questions=(ORIGINAL,),
        files=weights,
        report={"replaced": "ok"},
        control=("answer = 42\nwrite('weights.bin', b'new', 'wb')", CHECK),
    ),
    Attack(
        row=99,
        name="odd-names-and-growing-files",
        cells=("answer = 42", NAMES, CHECK),
        questions=(ORIGINAL,),
        files=weights,
        report={"made": "ok"},
        control=("answer = 42\nwrite('naïve.txt')", CHECK),
    ),
    Attack(
        row=100,
        name="paths-planted-for-the-host",
        cells=("answer = 42", REPLACED, CHECK, REPLACED, CHECK),
        questions=(ORIGINAL,),
        files=weights,
        report={"replaced": "ok"},
        control=("answer = 42", CHECK),
        needs_neighbour=True,
    ),
    Attack(
        row=101,
        name="planted-for-the-next-run",
        cells=(*HONEST, PLANTED),
        report={"planted": "ok"},
        aftermath=(FIND_PLANTED,),
        aftermath_report={
            "files": "[]",
            "startup": seen("[]", "['README']"),
            "run": "False",
            "variables": "[]",
        },
        control=(*HONEST, "os.environ['MINE'] = '1'"),
    ),
)
