"""Rows 1 to 3, 9 to 13 and 16 to 21: the shell, the process and the notebook itself."""

from typing import Final

from tests.runner.corpus.attack import CHECK, CHECK_2, HONEST, Attack
from tests.runner.corpus.verdicts import student_error
from tests.runner.notebooks import ANSWER, question

NOTHING: Final = {"q1": [0.0]}
SECOND: Final = question("q2", "def check(answer):\n    assert answer == 42\n")
LEAVING: Final = question("q1", "def check(leave):\n    leave()\n")

PATCHED_TRACEBACK: Final = """
shell = type(get_ipython())
shell.showtraceback = shell._showtraceback = lambda *a, **k: None
say("patched", "ok")
"""
FAKE_OK: Final = """
shell = get_ipython()
fine = shell.run_cell("pass")
class Kernel:
    def do_execute(self, *a, **k): return {"status": "ok"}
shell.kernel = Kernel()
for name in ("run_cell", "_run_cell"):
    setattr(type(shell), name, lambda *a, **k: fine)
say("patched", "ok")
"""
NO_ASSERTS: Final = """
import ast
class Remove(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Remove())
say("patched", "ok")
"""
# The frames by which the tests' process reports that a check has passed.
FRAMES: Final = """
import struct
def frame(message):
    data = json.dumps(message).encode()
    return struct.pack("!I", len(data)) + data
PASSED = {"t": "check", "name": "check", "score": 1.0, "message": "passed"}
GOOD = frame({"t": "ready"}) + frame(PASSED)
def send_everywhere(data, first=3):
    sent = 0
    for fd in range(first, 256):
        try: sent += os.write(fd, data) > 0
        except OSError: pass
    return sent
"""
LATE: Final = (
    FRAMES
    + """
import atexit, threading
def forge(*_): send_everywhere(GOOD)
atexit.register(forge)
sys.excepthook = threading.excepthook = threading._shutdown = forge
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGALRM):
    signal.signal(number, forge)
class Late:
    __del__ = forge
late = Late()
say("armed", "ok")
"""
)
AT_FORK: Final = (
    FRAMES
    + """
import stat
def sockets():
    for fd in range(3, 256):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(fd).st_mode): yield fd
before = set(sockets())
def forge():
    # On the socket that came with the question, and on no other.
    for fd in set(sockets()) - before: os.write(fd, GOOD)
os.register_at_fork(after_in_child=forge)
say("armed", "ok")
"""
)
RESULT_FILES: Final = """
import threading
names = ["results.json", "result", "score.json", "grade.json", "report.xml"]
for name in names:
    write(name, json.dumps({"score": 1.0, "q1": [1.0], "tests": []}).encode())
    os.chmod(name, 0o400)
os.symlink("results.json", "output.json")
def rewrite():
    while True:
        with contextlib.suppress(OSError):
            os.replace("result", "results.json")
            write("result", b"1.0")
        time.sleep(0.001)
threading.Thread(target=rewrite, daemon=True).start()
say("written", "ok")
"""
PRINTED: Final = """
import struct
good = json.dumps({"t": "check", "name": "check", "score": 1.0, "message": "passed"})
print(good); print(good, file=sys.stderr)
for fd in (1, 2): os.write(fd, struct.pack("!I", len(good)) + good.encode() + b"\\n")
say("printed", "ok")
"""
SENT: Final = FRAMES + 'say("sent", "ok")\nsend_everywhere(GOOD)'
# Then it waits for its end: any later frame is lost behind the junk.
JUNK: Final = FRAMES + (
    'say("sent", "ok")\nsend_everywhere(b"\\xff" * 100)\nimport time; time.sleep(3)'
)
DEATHS: Final = (
    ("exit", "os._exit(0)", 0),
    ("abort", "os.abort()", 6),
    ("segmentation-fault", "ctypes.string_at(0)", 11),
    ("kill-self", "os.kill(os.getpid(), signal.SIGKILL)", 9),
)
LEAVES: Final = (
    ("sys-exit", "sys.exit(0)"),
    ("exit", "os._exit(0)"),
    ("kill-self", "os.kill(os.getpid(), signal.SIGKILL)"),
    ("abort", "os.abort()"),
)
SHELL: Final = (
    Attack(
        row=1,
        name="silent-traceback",
        cells=("answer = 0", PATCHED_TRACEBACK, "raise ValueError('wrong')", CHECK),
        expect=student_error("cells_failed", cell=4, ename="ValueError"),
        scores=NOTHING,
        report={"patched": "ok"},
        control=("answer = 42", "type(get_ipython()).showtraceback", CHECK),
    ),
    Attack(
        row=2,
        name="fake-ok",
        cells=("answer = 0", FAKE_OK, "1 / 0", CHECK),
        scores=NOTHING,
        report={"patched": "ok"},
        control=("get_ipython().run_cell('answer = 42').success", CHECK),
    ),
    Attack(
        row=3,
        name="asserts-removed",
        cells=("answer = 0", NO_ASSERTS, "assert answer == 42", CHECK),
        scores=NOTHING,
        report={"patched": "ok"},
        control=("answer = 42\nassert answer", CHECK),
    ),
    Attack(
        row=9,
        name="exit-at-top-level",
        cells=("answer = 42", "say('left', 'ok')\nsys.exit(0)", CHECK),
        expect=student_error("exited", cell=3),
        report={"left": "ok"},
    ),
    *(
        Attack(
            row=9 if name == "sys-exit" else 10,
            name=f"{name}-in-a-tested-function",
            cells=(f"answer = 42\ndef leave(): {call}", CHECK, CHECK_2),
            questions=(LEAVING, SECOND),
            scores={"q1": [0.0], "q2": [1.0]},
            control=("answer = 42\ndef leave(): return None", CHECK, CHECK_2),
        )
        for name, call in LEAVES
    ),
    *(
        Attack(
            row=10,
            name=name,
            cells=("answer = 42", CHECK, f"say('last', 'ok')\n{call}", CHECK_2),
            expect=student_error("process_died", cell=4, signal=number),
            questions=(ANSWER, SECOND),
            scores={"q1": [1.0], "q2": [0.0]},
            report={"last": "ok"},
            control=(*HONEST, "os.getpid()", CHECK_2),
        )
        for name, call, number in DEATHS
    ),
    Attack(
        row=11,
        name="late-hooks",
        cells=("answer = 0", LATE, CHECK, "del late"),
        expect=student_error("process_died", reason="protocol"),
        scores=NOTHING,
        report={"armed": "ok"},
        control=("import atexit\natexit.register(print)\nanswer = 42", CHECK),
    ),
    Attack(
        row=11,
        name="hooks-that-fire-at-the-end",
        cells=("answer = 0", LATE, CHECK),
        scores=NOTHING,
        report={"armed": "ok"},
        control=("import atexit\natexit.register(print)\nanswer = 42", CHECK),
    ),
    Attack(
        row=11,
        name="at-fork-hook",
        cells=("answer = 0", AT_FORK, CHECK),
        scores=NOTHING,
        report={"armed": "ok"},
        control=("os.register_at_fork(after_in_child=int)\nanswer = 42", CHECK),
    ),
    Attack(
        row=12,
        name="result-files",
        cells=("answer = 0", RESULT_FILES, CHECK),
        scores=NOTHING,
        report={"written": "ok"},
        control=("write('results.json', b'{}')\nanswer = 42", CHECK),
    ),
    Attack(
        row=13,
        name="printed-verdict",
        cells=("answer = 0", PRINTED, CHECK),
        scores=NOTHING,
        report={"printed": "ok"},
        control=("print(json.dumps({'score': 1.0}))\nanswer = 42", CHECK),
    ),
    Attack(
        row=13,
        name="verdict-on-every-descriptor",
        cells=("answer = 0", SENT, CHECK),
        expect=student_error("process_died", reason="protocol"),
        scores=NOTHING,
        report={"sent": "ok"},
    ),
    Attack(
        row=13,
        name="junk-on-every-descriptor",
        cells=("answer = 0", JUNK, CHECK),
        expect=student_error("process_died", reason="protocol"),
        scores=NOTHING,
        report={"sent": "ok"},
    ),
)
