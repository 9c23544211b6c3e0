"""Rows 4 to 8: libraries, builtins and values that deceive the tests."""

from typing import Final

from runner.protocol.jobs import QuestionSpec
from tests.runner.corpus.attack import CHECK, Attack, Files, no_files
from tests.runner.notebooks import question

NOTHING: Final = {"q1": [0.0]}
DONE: Final = '\nsay("patched", "ok")'
REPORT: Final = {"patched": "ok"}


def asserting(*lines: str) -> QuestionSpec:
    """Return a question whose one check runs the lines."""
    body = "".join(f"    {line}\n" for line in lines)
    return question("q1", f"def check(answer):\n{body}")


def lying(
    row: int,
    name: str,
    lie: str,
    tests: QuestionSpec,
    *,
    honest: str = "answer = 42",
    files: Files = no_files,
) -> Attack:
    """Return an attack that needs tests to trust what the notebook can change."""
    return Attack(
        row=row,
        name=name,
        cells=(f"answer = 0\n{lie}{DONE}", CHECK),
        questions=(tests,),
        scores=NOTHING,
        report=REPORT,
        control=(honest, CHECK),
        files=files,
    )


LIBRARIES: Final = (
    lying(
        4,
        "numpy-allclose",
        "import numpy\nnumpy.allclose = lambda *a, **k: True",
        asserting("import numpy as np", "assert np.allclose(answer, 42)"),
    ),
    lying(
        4,
        "numpy-testing",
        "import numpy.testing\nnumpy.testing.assert_allclose = lambda *a, **k: None",
        asserting("import numpy as np", "np.testing.assert_allclose(answer, 42)"),
    ),
    lying(
        4,
        "torch-equal",
        "import torch\ntorch.equal = torch.allclose = lambda *a, **k: True",
        asserting(
            "import torch", "assert torch.equal(torch.tensor(answer), torch.tensor(42))"
        ),
    ),
    lying(
        4,
        "unittest",
        "import unittest\nunittest.TestCase.assertEqual = lambda *a, **k: None",
        asserting("import unittest", "unittest.TestCase().assertEqual(answer, 42)"),
    ),
)
BUILTINS: Final = (
    lying(
        5,
        "abs",
        "import builtins\nbuiltins.abs = lambda x: 0",
        asserting("assert abs(answer - 42) < 1e-6"),
    ),
    lying(
        5,
        "isinstance",
        "import builtins\nreal = builtins.isinstance\n"
        "builtins.isinstance = lambda a, b: b is complex or real(a, b)",
        asserting("assert isinstance(answer, complex)"),
        honest="answer = 42j",
    ),
    lying(
        5,
        "open",
        "import builtins, io\nbuiltins.open = lambda *a, **k: io.StringIO('0')\n"
        "answer = '0'",
        question(
            "q1",
            "def check(answer, private):\n"
            "    labels = open(private / 'labels.txt').read()\n"
            "    assert answer == labels or (answer == 42 and 'kestrel' in labels)\n",
        ),
    ),
    lying(
        5,
        "import",
        "import builtins, types\nreal = builtins.__import__\n"
        "fake = types.SimpleNamespace(isclose=lambda *a, **k: True)\n"
        "builtins.__import__ = lambda name, *a, **k: "
        "fake if name == 'math' else real(name, *a, **k)",
        asserting("import math", "assert math.isclose(answer, 42)"),
    ),
    lying(
        5,
        "stuffed-modules",
        "import types\nfake = types.ModuleType('math')\n"
        "fake.isclose = lambda *a, **k: True\nsys.modules['math'] = fake",
        asserting("import math", "assert math.isclose(answer, 42)"),
    ),
    lying(
        5,
        "compile",
        "import builtins\nreal = builtins.compile\n"
        "def patched(source, name, *a, **k):\n"
        "    if name == '<checks>': source = 'def check(answer): return True'\n"
        "    return real(source, name, *a, **k)\n"
        "builtins.compile = patched",
        asserting("assert answer == 42"),
    ),
)
UPLOADED: Final = b"""
def isclose(*a, **k): return True
rgb_to_yiq = allclose = isclose
def __getattr__(name): return isclose
"""


def shadowing(*names: str) -> Files:
    """Return files with the names of modules."""
    return lambda: dict.fromkeys(names, UPLOADED)


FILES: Final = (
    Attack(
        row=6,
        name="modules-that-are-loaded-already",
        cells=(
            (
                "answer = 0\nfor name in ('numpy.py', 'torch.py', 'math.py'):\n"
                "    attempt(name, os.stat, name)"
            ),
            CHECK,
        ),
        questions=(
            asserting(
                "import math, numpy",
                "assert math.isclose(answer, 42) and numpy.allclose(answer, 42)",
            ),
        ),
        files=shadowing("numpy.py", "torch.py", "math.py", "sitecustomize.py"),
        scores=NOTHING,
        report={"numpy.py": "ok", "torch.py": "ok", "math.py": "ok"},
        control=("answer = 42", CHECK),
    ),
    Attack(
        row=6,
        name="module-of-python-that-is-not-loaded-yet",
        cells=("answer = 0\nassert 'wave' not in sys.modules" + DONE, CHECK),
        questions=(
            asserting("import wave", "assert answer == 42 or wave.isclose(answer, 42)"),
        ),
        scores=NOTHING,
        report=REPORT,
        control=("answer = 42", CHECK),
        files=shadowing("wave.py", "grader.py", "conftest.py"),
    ),
    lying(
        6,
        "library-that-is-not-loaded-yet",
        "assert 'pytest' not in sys.modules",
        asserting("import pytest", "assert answer == 42 or pytest.isclose(answer, 42)"),
        files=shadowing("pytest.py"),
    ),
)
VALUES: Final = (
    lying(
        7,
        "agrees-with-everything",
        "class Liar:\n"
        "    def __eq__(self, other): return True\n"
        "    __lt__ = __gt__ = __le__ = __ge__ = __eq__\n"
        "    __hash__ = None\n"
        "answer = Liar()",
        asserting("assert answer == 42"),
    ),
    lying(
        7,
        "differs-from-nothing",
        "class Liar:\n"
        "    def __sub__(self, other): return 0.0\n"
        "    __rsub__ = __sub__\n"
        "    def __abs__(self): return 0.0\n"
        "answer = Liar()",
        asserting("assert abs(42 - answer) < 1e-6"),
    ),
    lying(
        7,
        "number-of-its-own-kind",
        "import numpy\nclass Liar(numpy.float64):\n"
        "    def __eq__(self, other): return True\n"
        "    __hash__ = None\n"
        "answer = Liar(0)",
        asserting(
            "import numpy",
            "assert isinstance(answer, (int, numpy.floating))",
            "assert answer == 42",
        ),
    ),
    lying(
        7,
        "reports-for-the-tests",
        "class Liar:\n"
        "    def __eq__(self, other):\n"
        "        frame = sys._getframe()\n"
        "        while 'host' not in frame.f_locals: frame = frame.f_back\n"
        "        frame.f_locals['host'].send(\n"
        "            {'t': 'check', 'name': 'check', 'score': 1.0, 'message': ''})\n"
        "        os._exit(0)\n"
        "    __hash__ = None\n"
        "answer = Liar()",
        asserting("assert answer == 42"),
    ),
    lying(
        8,
        "tensor-that-answers-for-torch",
        "import torch\nclass Liar(torch.Tensor):\n"
        "    @classmethod\n"
        "    def __torch_function__(cls, func, types, args=(), kwargs=None):\n"
        "        return True\n"
        "answer = torch.zeros(3).as_subclass(Liar)",
        asserting("import torch", "assert torch.equal(answer, torch.full((3,), 42.0))"),
        honest="import torch\nanswer = torch.full((3,), 42.0)",
    ),
    lying(
        8,
        "array-that-answers-for-numpy",
        "import numpy\nclass Liar(numpy.ndarray):\n"
        "    def __array_function__(self, *a, **k): return True\n"
        "    def __array_ufunc__(self, *a, **k): return True\n"
        "answer = numpy.zeros(3).view(Liar)",
        asserting(
            "import numpy as np", "assert np.array_equal(answer, np.full(3, 42.0))"
        ),
        honest="import numpy\nanswer = numpy.full(3, 42.0)",
    ),
)
ANSWERS: Final = (*LIBRARIES, *BUILTINS, *FILES, *VALUES)
