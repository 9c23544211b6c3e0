"""Rows 71 to 75, 80 and 81: disk, shared memory, descriptors and output."""

from typing import Final

from runner.protocol.jobs import Limits
from tests.runner.corpus.attack import CHECK, CORE_LIMITS, HONEST, MIB, Attack, seen
from tests.runner.corpus.verdicts import limit, student_error

KIB: Final = 1024
LITTLE_DISK: Final = Limits(disk_bytes=8 * MIB, cell_seconds=10, run_seconds=20)
LITTLE_MEMORY: Final = Limits(memory_bytes=512 * MIB, cell_seconds=10, run_seconds=20)
LITTLE_OUTPUT: Final = Limits(
    cell_output_bytes=64 * KIB, job_output_bytes=256 * KIB, cell_seconds=10,
    run_seconds=20,
)  # fmt: skip
FEW_FILES: Final = Limits(open_files=64, cell_seconds=2, run_seconds=20)
FULL: Final = student_error("cells_failed", ename="OSError")

SHARED: Final = """
say("armed", "ok")
with open("/dev/shm/big", "wb") as sink:
    while True: sink.write(bytes(16 * 1024**2)); sink.flush()
"""
HIDDEN: Final = """
attempt("memfd", call, "memfd_create", b"big", 0)
import fcntl
def stuff(reading, writing):
    os.set_blocking(writing, False)
    try:
        total = 0
        while True: total += os.write(writing, bytes(65536))
    except BlockingIOError: return total
total, kept = 0, []
try:
    while True:
        kept.append(os.pipe())
        with contextlib.suppress(OSError): fcntl.fcntl(kept[-1][1], 1031, 1024**2)
        total += stuff(*kept[-1])
except OSError as error: say("pipes", errno.errorcode[error.errno])
for pair in kept: os.close(pair[0]); os.close(pair[1])
kept.clear()
try:
    while True:
        kept.append(socket.socketpair())
        for end in kept[-1]: end.setblocking(False)
        try:
            while True: total += kept[-1][0].send(bytes(65536))
        except BlockingIOError: pass
except OSError as error: say("sockets", errno.errorcode[error.errno])
kept.clear()
say("in all", "ok" if total < 128 * 1024**2 else str(total))
"""
ONE_FILE: Final = """
attempt("one file", write, "big", bytes(64 * 1024**2))
def reserve(): os.posix_fallocate(os.open("reserved", os.O_CREAT | os.O_RDWR), 0, 2**30)
attempt("reserved", reserve)
open("sparse", "w").close()
attempt("sparse", os.truncate, "sparse", 2**40)
for name in ("big", "reserved"):
    with contextlib.suppress(OSError): os.remove(name)
"""
MANY_FILES: Final = """
say("armed", "ok")
for number in range(100):
    with open(f"{number}", "wb") as sink: sink.write(bytes(1024**2))
time.sleep(60)
"""
HOLES: Final = """
for number in range(2000):
    with open(f"hole{number}", "wb") as sink: sink.truncate(7 * 1024**2)
say("made", "ok")
"""
EMPTY_FILES: Final = """
say("armed", "ok")
for number in range(10**6): open(f"{number}", "w").close()
"""
TANGLE: Final = """
write("big", bytes(1024**2))
for number in range(20): os.symlink("big", f"link{number}")
os.symlink(".", "loop"); os.symlink("/", "root")
os.symlink("a", "b"); os.symlink("b", "a")
top = os.getcwd()
for _ in range(1500): os.mkdir("d"); os.chdir("d")
os.chdir(top)
os.mkdir("shut"); write("shut/f"); os.chmod("shut", 0); os.chmod(".", 0)
say("made", "ok")
"""
FLOOD: Final = """
line = "x" * 999
for _ in range(200_000): print(line)
"""
CHILD_FLOOD: Final = 'os.system("yes | head -c 200000000")'
DISPLAYS: Final = """
from IPython.display import display, update_display, clear_output, HTML
handle = display("x", display_id="one")
for number in range(10**6):
    display(HTML("x" * 500)); update_display("y" * 500, display_id="one")
    display({"application/x": 1}, raw=True)
"""
CLEARED: Final = """
from IPython.display import display, clear_output
while True: display("x" * 1000); clear_output(wait=True)
"""
HALF_A_FRAME: Final = """
import stat, struct
say("sent", "ok")
time.sleep(0.5)  # or the half frame would swallow the report too
for fd in range(3, 64):
    with contextlib.suppress(OSError):
        if stat.S_ISSOCK(os.fstat(fd).st_mode): os.write(fd, struct.pack("!I", 200_000))
"""
DESCRIPTORS: Final = """
kept = []
def open_more():
    while True: kept.append(os.open("/dev/null", os.O_RDONLY))
attempt("descriptors", open_more)
for fd in kept: os.close(fd)
say("how many", "ok" if 20 < len(kept) <= 64 else str(len(kept)))
"""
NO_READER: Final = """
say("armed", "ok")
import threading
os.set_blocking(1, False)
def stuff(fd):
    while True:
        with contextlib.suppress(BlockingIOError): os.write(fd, bytes(65536))
for fd in (1, 2): threading.Thread(target=stuff, args=(fd,), daemon=True).start()
ctypes.PyDLL(None).sleep(60)
"""
CORE: Final = """
import resource
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
say("core limit", str(resource.getrlimit(resource.RLIMIT_CORE)))
os.abort()
"""
LONG_WORDS: Final = 'say("armed", "ok")\nraise ValueError("y" * 10**8)'
LONG_TRACE: Final = """
say("armed", "ok")
def chain(n, **names):
    try: return chain(n - 1, **names) if n else 1 / 0
    except Exception as error: raise ValueError("y" * 10_000) from error
chain(8, name="x" * 10_000)
"""
OUTPUT_CUT: Final = "[Output cut here"


def flooding(row: int, name: str, source: str) -> Attack:
    """Return an attack that writes far more output than may be kept."""
    return Attack(
        row=row,
        name=name,
        cells=(*HONEST, "say('armed', 'ok')", source),
        expect=limit("output"),
        limits=LITTLE_OUTPUT,
        report={"armed": "ok"},
        control=(*HONEST, "print('x' * 1000)"),
        shows=OUTPUT_CUT if source is not CLEARED else "",
    )


ROOM: Final = (
    Attack(
        row=71,
        name="shared-memory",
        cells=(*HONEST, SHARED),
        expect=limit("memory"),
        or_else=(limit("disk"), FULL),
        limits=LITTLE_MEMORY,
        report={"armed": "ok"},
        control=(*HONEST, "write('/dev/shm/small', bytes(1000))"),
        needs_level="L1",
        needs_neighbour=True,
    ),
    Attack(
        row=71,
        name="memory-of-the-kernel",
        cells=(*HONEST, HIDDEN),
        limits=FEW_FILES,
        report={
            "memfd": seen("EPERM", "ENOSYS"),
            "pipes": "EMFILE",
            "sockets": "EMFILE",
            "in all": "ok",
        },
        control=(*HONEST, "os.write(os.pipe()[1], b'x')"),
        needs_level="L1",
    ),
    Attack(
        row=72,
        name="one-large-file",
        cells=(*HONEST, ONE_FILE),
        limits=LITTLE_DISK,
        report=dict.fromkeys(
            ("one file", "reserved", "sparse"), seen("EFBIG", "ENOSPC")
        ),
        control=(*HONEST, "write('small', bytes(1024**2))"),
    ),
    Attack(
        row=72,
        name="many-files",
        cells=(*HONEST, MANY_FILES),
        expect=limit("disk"),
        or_else=(FULL,),
        limits=LITTLE_DISK,
        report={"armed": "ok"},
        control=(*HONEST, "for n in range(5): write(f'{n}', bytes(1024**2))"),
        needs_neighbour=True,
    ),
    Attack(
        row=72,
        name="files-full-of-holes",
        cells=(*HONEST, HOLES),
        limits=LITTLE_DISK,
        report={"made": "ok"},
        within=6,
    ),
    Attack(
        row=73,
        name="empty-files",
        cells=(*HONEST, EMPTY_FILES),
        expect=limit("disk"),
        or_else=(FULL,),
        limits=LITTLE_DISK,
        report={"armed": "ok"},
        control=(*HONEST, "for n in range(100): write(f'{n}', b'')"),
        needs_neighbour=True,
    ),
    Attack(
        row=73,
        name="links-and-depths",
        cells=(*HONEST, TANGLE),
        limits=LITTLE_DISK,
        report={"made": "ok"},
        control=(*HONEST, "os.makedirs('a/b/c'); os.symlink('a', 'l')"),
    ),
    flooding(74, "print", FLOOD),
    flooding(74, "child", CHILD_FLOOD),
    Attack(
        row=74,
        name="more-than-a-cell-may-show",
        cells=(*HONEST, "say('armed', 'ok')\nprint('x' * 1_000_000)"),
        limits=LITTLE_OUTPUT,
        report={"armed": "ok"},
        control=(*HONEST, "print('x' * 60_000)"),
        shows=OUTPUT_CUT,
    ),
    flooding(75, "displays-and-updates", DISPLAYS),
    flooding(75, "shown-and-cleared", CLEARED),
    Attack(
        row=80,
        name="descriptors",
        cells=(*HONEST, DESCRIPTORS),
        limits=FEW_FILES,
        report={"descriptors": "EMFILE", "how many": "ok"},
        control=(*HONEST, "kept = [open(os.devnull) for _ in range(10)]"),
    ),
    Attack(
        row=80,
        name="half-a-frame",
        cells=(*HONEST, HALF_A_FRAME),
        expect=limit("cell_time"),
        or_else=(student_error("process_died", reason="protocol"),),
        limits=FEW_FILES,
        report={"sent": "ok"},
        within=10,
    ),
    Attack(
        row=80,
        name="full-pipes",
        cells=(*HONEST, NO_READER),
        expect=limit("output"),
        or_else=(limit("cell_time"),),
        limits=FEW_FILES,
        report={"armed": "ok"},
        within=10,
    ),
    Attack(
        row=81,
        name="core-dump",
        cells=(*HONEST, CORE),
        expect=student_error("process_died", signal=6),
        report={"core limit": CORE_LIMITS},
    ),
    *(
        Attack(
            row=81,
            name=name,
            cells=("answer = 42", source, CHECK),
            expect=student_error("cells_failed", cell=3, ename="ValueError"),
            limits=Limits(cell_seconds=30, run_seconds=60),
            report={"armed": "ok"},
        )
        for name, source in (
            ("words-without-end", LONG_WORDS),
            ("trace-without-end", LONG_TRACE),
        )
    ),
)
