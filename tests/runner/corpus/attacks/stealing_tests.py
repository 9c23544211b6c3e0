"""Rows 14, 28 to 31, 35 and 38: the tests, their inputs and their messages."""

from typing import Final

from runner.protocol.jobs import Limits
from tests.runner.corpus.attack import CHECK, Attack
from tests.runner.notebooks import question

NOTHING: Final = {"q1": [0.0]}
# SECRET is defined before each question's source: see Bench.
HANDED_OUT: Final = question(
    "q1", "def check(think):\n    assert think(SECRET) == 42\n"
)
TOLD: Final = question(
    "q1",
    "def check(answer):\n"
    "    if answer != 42: raise RuntimeError(f'{SECRET} {answer} {__file__}')\n",
)
# It finds its own planted text, so it would also find the tests' secrets.
HUNT: Final = """
import gc
planted = "kes" + "trel" + "0" * 16
def count(texts): return len({one for text in texts for one in CANARY.findall(text)})
def frames():
    frame = sys._getframe()
    while frame is not None:
        yield repr({**frame.f_globals, **frame.f_locals}).encode()
        frame = frame.f_back
def objects():
    for one in gc.get_objects():
        if type(one) in (dict, list, tuple):
            for part in list(one.values() if type(one) is dict else one):
                if type(part) is str: yield part.encode("utf-8", "replace")
                elif type(part) is bytes: yield part
def found(places):
    texts = b" ".join(one for place in places for one in CANARY.findall(place))
    show_canaries(texts)
    return " ".join(sorted({one.decode() for one in CANARY.findall(texts)}))
say("memory", found(memory()))
say("objects", found(objects()))
say("frames", found(frames()))
"""
ALONE: Final = dict.fromkeys(("memory", "objects", "frames"), "kestrel" + "0" * 16)
# Code that runs during the tests stores it, since no later cell can print it.
READ_OUT: Final = """
say("written", "ok" if os.path.exists("stolen.txt") else "no")
if os.path.exists("stolen.txt"): show_canaries(read("stolen.txt", 10**6))
"""
SNEAKING: Final = """
class Liar:
    def __eq__(self, other):
        frame = sys._getframe()
        while frame is not None:
            write("stolen.txt", repr({**frame.f_globals, **frame.f_locals}).encode())
            frame = frame.f_back
        return False
    __hash__ = None
answer = Liar()
"""
AUDITING: Final = """
answer = 0
def hook(event, args):
    if event == "compile" and type(args[0]) in (str, bytes):
        with open(os.open("stolen.txt", os.O_CREAT | os.O_RDWR | os.O_APPEND), "wb") as sink:
            sink.write(args[0] if type(args[0]) is bytes else args[0].encode())
sys.addaudithook(hook)
"""
TELLING: Final = """
import warnings
import matplotlib.pyplot as plt
def think(secret):
    print(secret); print(secret, file=sys.stderr); os.system(f"echo {secret}")
    display(secret); warnings.warn(secret); plt.title(secret); plt.show()
    get_ipython().run_cell(f"print({secret!r})")
    for fd in range(256):
        with contextlib.suppress(OSError): os.write(fd, secret.encode())
    raise RuntimeError(secret)
say("ready", "ok")
"""
WRITING: Final = """
def think(secret):
    write("stolen.txt", secret.encode())
    return 0
"""
KEEPING: Final = """
def think(secret):
    for name in ("weights.pt", "work.ipynb", "output.ipynb"):
        write(name, secret.encode(), "wb")
    get_ipython().user_ns["kept"] = globals()["kept"] = secret
    return 0
say("ready", "ok")
"""
NAMING: Final = """
def think(secret):
    raise type(secret, (KeyError,), {"__module__": secret})(secret)
say("ready", "ok")
"""
THINKING: Final = "def think(secret): return 42"
TESTS: Final = (
    Attack(
        row=14,
        name="hunt-in-the-cells",
        cells=("answer = 0", HUNT, CHECK, HUNT),
        scores=NOTHING,
        limits=Limits(cell_seconds=20, run_seconds=60),
        report=ALONE,
        control=("import gc\nanswer = 42\nlen(gc.get_objects())", CHECK),
    ),
    Attack(
        row=14,
        name="hunt-from-the-tests",
        cells=(SNEAKING, CHECK, READ_OUT),
        scores=NOTHING,
        report={"written": "no"},
        control=("answer = 42", CHECK, READ_OUT.replace("say", "print")),
    ),
    Attack(
        row=28,
        name="input-transformers-and-history",
        cells=(
            (
                "answer, heard = 0, []\nshell = get_ipython()\n"
                "def hear(lines): heard.extend(lines); return lines\n"
                "shell.input_transformers_cleanup.append(hear)\n"
                "shell.input_transformers_post.append(hear)\n"
                "shell.events.register('pre_run_cell', lambda i: heard.append(i.raw_cell))"
            ),
            CHECK,
            (
                "texts = ''.join([*heard, *In, *shell.user_ns['_ih']]).encode()\n"
                "say('visible cells heard', str(b'softmark: check' in texts))\n"
                "say('canaries', str(show_canaries(texts)))"
            ),
        ),
        scores=NOTHING,
        report={"visible cells heard": "True", "canaries": "0"},
        control=("answer = 42", CHECK, "len(In)"),
    ),
    Attack(
        row=28,
        name="audit-hook",
        cells=(AUDITING, CHECK, READ_OUT),
        scores=NOTHING,
        report={"written": "ok"},
        control=("sys.addaudithook(lambda *a: None)\nanswer = 42", CHECK),
    ),
    Attack(
        row=29,
        name="inputs-told-in-every-way",
        cells=(TELLING, CHECK, "2"),
        questions=(HANDED_OUT,),
        scores=NOTHING,
        report={"ready": "ok"},
        control=(THINKING, CHECK),
    ),
    Attack(
        row=29,
        name="inputs-through-a-file",
        cells=(WRITING, CHECK, READ_OUT),
        questions=(HANDED_OUT,),
        scores=NOTHING,
        report={"written": "no"},
        control=(THINKING, CHECK),
    ),
    Attack(
        row=30,
        name="secret-as-the-class-of-an-error",
        cells=(NAMING, CHECK),
        questions=(HANDED_OUT,),
        scores=NOTHING,
        report={"ready": "ok"},
        control=(THINKING, CHECK),
    ),
    Attack(
        row=35,
        name="inputs-kept-in-files-and-names",
        cells=(KEEPING, CHECK, "say('kept', str('kept' in globals()))"),
        questions=(HANDED_OUT,),
        scores=NOTHING,
        report={"ready": "ok", "kept": "False"},
        control=(THINKING, CHECK),
    ),
    Attack(
        row=38,
        name="tests-that-crash-with-a-secret",
        cells=("answer = 0\nsay('ready', 'ok')", CHECK),
        questions=(TOLD,),
        scores=NOTHING,
        report={"ready": "ok"},
        control=("answer = 42", CHECK),
    ),
)
