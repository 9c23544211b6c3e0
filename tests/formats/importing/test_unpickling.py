"""Tests that would unpickle or run handed-in files are refused at the import."""

import ast

import pytest

from formats.assignment import split_sections
from formats.assignment.section_tests import parsed_tests
from formats.assignment.unpickling import Finding, find_unpickling
from runner.protocol.jobs import TestStyle

FILES = ("weights.pt", "helpers.py")
PUBLIC = ("given.py", "rows.pkl", "weights.pt")
SETUP = (
    "import pickle, joblib, io, shelve, marshal, gzip, runpy, importlib, subprocess\n"
    "import torch, ctypes, sys\nimport numpy as np\nimport pandas as pd\n"
    "from pathlib import Path\n"
)


def found(code: str, style: TestStyle = TestStyle.SCRIPT) -> tuple[Finding, ...]:
    tree = ast.parse(SETUP + code)
    return find_unpickling(tree, style, handed_in=FILES, public=PUBLIC)


def verdict(code: str, style: TestStyle = TestStyle.SCRIPT) -> str:
    """Return whether the code is refused, noted or accepted."""
    findings = found(code, style)
    if any(finding.is_certain for finding in findings):
        return "refused"
    return "noted" if findings else "accepted"


@pytest.mark.parametrize(
    "code",
    [
        "np.load(Path(files) / 'a.npy', allow_pickle=True)",
        "np.load('a.npy', allow_pickle=True)",
        "pickle.load(open(Path(files) / 'a.pkl', 'rb'))",
        "with open('a.pkl', 'rb') as f:\n    pickle.load(f)",
        "torch.load(Path(files) / 'weights.pt')",
        "torch.load('weights.pt')",
        "np.load(io.BytesIO(b''))",
        "np.load(io.BytesIO(answer), allow_pickle=False)",
        "torch.load(io.BytesIO(answer))",
        "buffer = io.BytesIO((files / 'w.pt').read_bytes())\ntorch.load(buffer)",
        "torch.load(io.BytesIO(answer), weights_only=True)",
    ],
)
def test_arrays_and_pickles_may_be_read_by_path(code: str) -> None:
    assert verdict(code) == "accepted"


@pytest.mark.parametrize(
    "code",
    [
        "pickle.load(open(Path(private) / 'a.pkl', 'rb'))",
        "joblib.load(Path(private) / 'a.joblib')",
        "path = Path(private) / 'a.pkl'\npd.read_pickle(path)",
        "pd.read_pickle(f'{private}/a.pkl')",
        "data = open(private + '/a', 'rb').read()\nmarshal.loads(data)",
        "torch.load(io.BytesIO((Path(private) / 'a.pt').read_bytes()))",
        "exec((Path(private) / 'reference.py').read_text())",
        "runpy.run_path(Path(private) / 'reference.py')",
    ],
)
def test_private_files_are_the_staffs_own(code: str) -> None:
    assert verdict(code) == "accepted"


@pytest.mark.parametrize(
    "code",
    [
        "pickle.loads(answer)",
        "from pickle import loads as read\nread(b'')",
        "torch.load(io.BytesIO(answer), weights_only=False)",
        "flag = False\ntorch.load(io.BytesIO(answer), weights_only=flag)",
        "buffer = io.BytesIO(answer)\ntorch.jit.load(buffer)",
        "np.load(io.BytesIO(answer), allow_pickle=True)",
        "flag = True\nnp.load(io.BytesIO(answer), allow_pickle=flag)",
        "pickle.load(gzip.open(Path(files) / 'a.pkl.gz'))",
        "joblib.load('model.joblib')",
        "joblib.load(Path(files) / 'model.joblib')",
        "pd.read_pickle(Path(files) / 'table.pkl')",
        "pickle.Unpickler(open('a.pkl', 'rb')).load()",
        "shelve.open('answers')",
        "marshal.loads(answer)",
        "import dill\ndill.load(open(Path(files) / 'a', 'rb'))",
        "import cloudpickle\ncloudpickle.loads(answer)",
        "joblib.load(Path(private) / name_of_the_notebook)",
    ],
)
def test_unpickling_other_files_is_refused(code: str) -> None:
    assert verdict(code) == "refused"


@pytest.mark.parametrize(
    "code",
    [
        "exec(open('helpers.py').read())",
        "exec((Path(files) / 'helpers.py').read_text())",
        "eval(answer)",
        "eval(expression_of_the_notebook())",
        "exec(compile(answer, 'answer', 'exec'))",
        "runpy.run_path('helpers.py')",
        "importlib.import_module('helpers')",
        "import helpers",
        "from helpers import f",
        "importlib.util.spec_from_file_location('h', Path(files) / 'helpers.py')",
        "subprocess.run([sys.executable, Path(files) / 'helpers.py'])",
        "subprocess.run([sys.executable, 'helpers.py'])",
        "ctypes.CDLL(str(Path(files) / 'fast.so'))",
        "sympy.sympify(answer)",
        "from sympy import simplify\nsimplify(derivative('x'))",
        "sympy.parse_expr(text=answer)",
        "pytest.main([str(Path(files) / 'test_own.py')])",
        "pytest.main(['helpers.py'])",
        "asyncio.create_subprocess_exec(sys.executable, 'helpers.py')",
        "asyncio.create_subprocess_shell(answer)",
        "os.execv(sys.executable, [sys.executable, 'helpers.py'])",
        "os.spawnlp(os.P_WAIT, 'python3', 'python3', 'helpers.py')",
        "os.posix_spawn(sys.executable, [Path(files) / 'helpers.py'], {})",
        "runpy.run_module(answer)",
        "runpy.run_path(path_name='helpers.py')",
    ],
)
def test_running_handed_in_code_is_refused(code: str) -> None:
    assert verdict(code) == "refused"


@pytest.mark.parametrize(
    "code",
    [
        "eval('double(2)')",
        "for text in ('f(1)', 'f(2)'):\n    eval(text)",
        "net.eval()",
        "import re\nre.compile(pattern)",
        "torch.compile(net)",
        "importlib.import_module('math')",
        "subprocess.run(['ls'])",
        "ctypes.CDLL('libc.so.6')",
        "sympy.sympify('x ** 2')",
        "os.execv('/bin/ls', ['ls'])",
        "answer.loads(1)",
        "def load(path):\n    return path\nload('a')",
    ],
)
def test_code_that_only_looks_like_unpickling_is_accepted(code: str) -> None:
    assert verdict(code) == "accepted"


@pytest.mark.parametrize(
    "code",
    [
        "def read(path):\n    return joblib.load(path)",
        "def run(text):\n    exec(text)",
        "def where():\n    return 1\njoblib.load(where())",
    ],
)
def test_doubtful_code_is_noted(code: str) -> None:
    assert verdict(code) == "noted"


def test_parameters_of_a_check_are_the_notebooks() -> None:
    code = (
        "def check(answer):\n    eval(answer)\ndef _helper(answer):\n    eval(answer)"
    )
    certain = [finding.is_certain for finding in found(code, TestStyle.FUNCTIONS)]
    assert certain == [True, False]
    code = "@test_case()\ndef check(env):\n    eval(env['answer'])"
    assert verdict(code, TestStyle.CASES) == "refused"


def test_private_is_known_as_a_parameter_too() -> None:
    code = "def check(private):\n    return joblib.load(Path(private) / 'a')"
    assert verdict(code, TestStyle.FUNCTIONS) == "accepted"


@pytest.mark.parametrize(
    "code",
    [
        "exec(open('given.py').read())",
        "exec(open('given.py', 'r').read())",
        "with open('given.py') as f:\n    exec(f.read())",
        "exec(compile(Path('given.py').read_text(), 'given.py', 'exec'))",
        "exec((Path(files) / 'given.py').read_text())",
        "runpy.run_path('given.py')",
        "pd.read_pickle('rows.pkl')",
        "pickle.loads(pickle.dumps(v))",
        "data = pickle.dumps(v)\nw = pickle.loads(data)",
        "from pickle import dumps, loads\nloads(dumps(v))",
    ],
)
def test_files_of_staff_or_of_the_test_are_accepted(code: str) -> None:
    assert verdict(code) == "accepted"


@pytest.mark.parametrize(
    "code",
    [
        "exec(open('other.py').read())",
        "exec(open('helpers.py').read())",
        "exec((Path(files) / 'helpers.py').read_text())",
        "exec(open('given.py').read() + answer)",
        "exec(open(answer).read())",
        "pickle.loads(pickle.dumps(v) + answer)",
        "data = pickle.dumps(v)\ndata = answer\npickle.loads(data)",
        "def dumps(v): return answer\npickle.loads(dumps(v))",
        "for data in answers:\n    pickle.loads(data)",
        "joblib.load('weights.pt')",
    ],
)
def test_files_that_may_be_a_student_s_are_refused_beside_staff_files(
    code: str,
) -> None:
    assert verdict(code) == "refused"


def test_deep_nesting_is_refused_in_bounded_time() -> None:
    tree = ast.parse("x = 1")
    (statement,) = tree.body
    assert isinstance(statement, ast.Assign)
    for _ in range(5000):
        statement.value = ast.UnaryOp(op=ast.USub(), operand=statement.value)
    (finding,) = find_unpickling(tree, TestStyle.SCRIPT)
    assert finding.is_certain


def test_names_bound_to_each_other_are_followed_once() -> None:
    code = "".join(f"a{n} = a{n - 1} + a{n - 1}\n" for n in range(1, 200))
    assert verdict(f"a0 = a199\n{code}eval(a199)") == "accepted"


def test_lines_are_those_of_the_file() -> None:
    text = "# %% first\nx = 1\n\n# %% second\n>>> y = 2\n>>> eval(y)\n"
    assert len(split_sections(text)) == 2
    (_, above), *_ = parsed_tests(text, TestStyle.SCRIPT)
    assert above == 1
    ((tree, above),) = list(parsed_tests(text, TestStyle.DOCTEST))[1:]
    assert [node.lineno + above for node in tree.body] == [5, 6]
