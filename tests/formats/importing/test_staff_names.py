"""Which code of a staff's notebook is put above imported tests, and which is not."""

import ast
import json
from pathlib import Path

import pytest

from formats.importing import notes_on
from formats.importing.draws_after_seed import find_draws_after_seed
from formats.importing.identity_checks import find_identity_checks
from formats.importing.library_changes import (
    find_library_changes,
    find_misleading_inspections,
)
from formats.importing.process_inspections import find_process_inspections
from formats.importing.staff_names import StaffNames
from formats.importing.statements import Author, AuthoredCell
from formats.importing.student_objects import find_unsupported_uses
from runner.protocol.jobs import TestStyle
from tests.formats.assignment.bundles import (
    HANDOUT_CELLS,
    MANIFEST,
    STAFF_CELLS,
    notebook_of,
    write_bundle,
)
from tests.formats.importing.foreign import code, converted, write

SOLUTION = "def f(x):\n    return x\nlearned = [1]\nlog = []"


def preamble(given: str, tests: str, solution: str = SOLUTION) -> tuple[str, ...]:
    """Return the names that are preamble, then those left out with a minus."""
    cells = [
        AuthoredCell(cell=1, source=given),
        AuthoredCell(cell=2, source=solution, author=Author.STUDENT),
    ]
    found = StaffNames(cells).preamble_of(tests, cell=3)
    return (*found.names, *(f"-{name}" for name in found.kept))


@pytest.mark.parametrize(
    ("given", "tests"),
    [
        ("def g(a):\n    return a", "g(f(1))"),
        ("g = lambda a: a", "g(f(1))"),
        ("g = 1e-6", "f(1) < g"),
        ("g, h = 1, 2", "f(1) < g"),
        ("h = 1; g = h + 1", "f(1) < g"),
        ("import numpy as np\ng = np.allclose", "g(f(1), 1)"),
        ("def h():\n    return 1\ndef g():\n    return h()", "f(1) == g()"),
        ("from functools import partial\ng = partial(max, 0)", "g(f(1))"),
        ("class g:\n    size = 1", "f(1) == g()"),
        ("def g(a):\n    return a", "all(map(g, f(1)))"),
        ("def g(a):\n    return a\n%matplotlib inline", "g(f(1))"),
    ],
)
def test_a_name_that_means_the_same_in_the_tests_is_brought(
    given: str, tests: str
) -> None:
    assert preamble(given, tests) == ("g",)


@pytest.mark.parametrize(
    ("given", "tests"),
    [
        ("def g(a):\n    return f(a)", "g(f(1))"),
        ("g = f(1)", "f(1) == g"),
        ("import numpy as np\ng = np.random.rand(3)", "f(g)"),
        ("g = open('data.txt').read()", "f(g)"),
        ("g = []\ng.append(1)", "f(g)"),
        ("g = []\ndef add(x):\n    g.append(x)", "f(1) == g"),
        ("g = 0\ndef add():\n    global g\n    g += 1", "f(1) == g"),
        ("for g in range(3):\n    pass", "f(g)"),
        ("g = None", "f(1) == g"),
        ("def g(a):\n    raise NotImplementedError", "f(g(1))"),
        ("def g(a):\n    ...", "f(g(1))"),
        ("def g(net):\n    net.loss().backward()", "g(f)"),
        ("class g:\n    size = 1", "f(g())"),
        ("class g:\n    size = 1", "one = g()\nf(one)"),
        ("class g:\n    size = 1", "isinstance(f(1), g)"),
        ("def g(a):\n    return a", "f(g)"),
        ("def g(a):\n    return a", "g(1) == 1"),
    ],
)
def test_a_name_that_would_mean_something_else_stays_the_notebooks(
    given: str, tests: str
) -> None:
    assert preamble(given, tests) == ("-g",)


@pytest.mark.parametrize("solution", ["g = 2", "def f(x):\n    global g\n    g = x"])
def test_a_name_that_a_solution_binds_last_is_the_students(solution: str) -> None:
    assert "g" not in preamble("g = 1", "f(1) == g", f"{SOLUTION}\n{solution}")


def test_an_object_that_a_solution_changes_is_the_notebooks() -> None:
    assert preamble("g = {}", "f(1) == g", f"{SOLUTION}\ng['a'] = 1") == ("-g",)


def test_a_class_that_a_solution_makes_objects_of_is_the_notebooks() -> None:
    solution = "def f(x):\n    return g(x)"
    assert preamble("class g:\n    size = 1", "f(1) == g(1)", solution) == ("-g",)


def test_nothing_is_brought_if_no_solution_is_marked() -> None:
    cells = [AuthoredCell(cell=1, source="def f(x):\n    return x")]
    assert not StaffNames(cells).preamble_of("assert f(1) == 1", cell=2).source


def test_a_region_in_a_cell_is_the_students_and_the_rest_is_given() -> None:
    source = "def g(a):\n    return a\ndef f(x):\n    return 1"
    cells = [
        AuthoredCell(cell=1, source=source, solution=frozenset({4}), is_answer=True)
    ]
    found = StaffNames(cells).preamble_of("g(f(1))", cell=2)
    assert found.names == ("g",)


@pytest.mark.parametrize(
    "source",
    [
        "with mock.patch('numpy.linalg.inv'):\n    f(1)",
        "np.linalg.inv = None",
        "del np.linalg.inv",
        "import warnings\nwarnings.simplefilter('error')",
        "np.seterrcall(print)",
        "from torch import set_default_dtype\nset_default_dtype(None)",
        "mock.patch.object(np.linalg, 'inv')",
        "setattr(np.linalg, 'inv', None)",
        "mock.patch('builtins.open', mock.mock_open(read_data='1'))",
        "mock.patch('builtins.sum')",
        "import builtins\nbuiltins.sum = None",
    ],
)
def test_code_that_changes_a_library_is_noted(source: str) -> None:
    (finding,) = find_library_changes(ast.parse(source), {})
    assert "changes only the tests' own process" in finding.message


@pytest.mark.parametrize(
    "source",
    [
        "mock.patch('__main__.double')",
        "with np.errstate(all='raise'):\n    f(1)",
        "np.seterr(all='raise')",
        "with torch.autocast('cpu'):\n    f(1)",
        "mock.patch('builtins.print')",
        "mock.patch('builtins.input', side_effect=['1', '2'])",
        "import builtins\nbuiltins.input = lambda prompt: '1'",
        "import builtins\nmock.patch.object(builtins, 'input')",
        "net.weight = 1",
        "warnings.simplefilter('ignore')",
        "np.linalg.inv(f(1))",
    ],
)
def test_code_that_changes_no_library_is_not_noted(source: str) -> None:
    assert not list(find_library_changes(ast.parse(source), {}))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("assert 'answer' in dir()", "lists the test's own names"),
        ("assert f.__code__.co_argcount == 1", "cannot read"),
        ("import dis\ndis.dis(f)", "apart"),
        ("from dis import dis\ndis(f)", "apart"),
        ("assert 'for' not in inspect.getsource(f)", "proves nothing"),
        ("from inspect import getsource\ngetsource(f)", "proves nothing"),
    ],
)
def test_a_misleading_look_at_a_name_is_noted(source: str, words: str) -> None:
    (finding,) = find_misleading_inspections(ast.parse(source))
    assert words in finding.message


@pytest.mark.parametrize("source", ["dir(f)", "'answer' in globals()", "code = 1"])
def test_a_look_at_a_name_is_not_noted(source: str) -> None:
    assert not list(find_misleading_inspections(ast.parse(source)))


def test_unwritten_names_of_our_own_format_are_noted(tmp_path: Path) -> None:
    style = "    points: 3\n    style: script\n"
    tests = (
        '# %% small\n"Small."\nassert isclose(add(1, 2), limit)\n\n'
        '# %% large\n"Large."\nassert isclose(add(1, 2), 3)\n'
    )
    given = "from math import isclose\nlimit = 3"
    folder = write_bundle(
        tmp_path / "work",
        manifest=MANIFEST.replace("    points: 3\n", style),
        tests=tests,
        staff=json.dumps(notebook_of(given, *STAFF_CELLS)),
        handout=json.dumps(notebook_of(given, *HANDOUT_CELLS)),
    )
    found, bundle = converted(folder, tmp_path / "out")
    words = [note.message.partition(" ")[0] for note in notes_on(found, bundle)]
    assert words == ["“isclose”", "“limit”"]


def test_parameters_of_cases_that_staff_give_are_noted(tmp_path: Path) -> None:
    ask = code('grader.check("q1")')
    answer = code("def f(x):\n    ...", tags=["otter_answer_cell"])
    given = code("def close(a, b):\n    return a == b")
    path = write(tmp_path / "work", "lab.ipynb", given, answer, ask)
    (path.parent / "tests").mkdir()
    text = (
        'OK_FORMAT = False\nname = "q1"\npoints = 1\n\n'
        "@test_case()\ndef test_f(f, close):\n    assert close(f(1), 1)\n"
    )
    (path.parent / "tests/q1.py").write_text(text)
    found, _ = converted(path.parent, tmp_path / "out")
    assert [n.message for n in found.notes if n.message.startswith("“close”")]


@pytest.mark.parametrize(
    "source",
    [
        "import tracemalloc\ntracemalloc.start()\nf(1)",
        "from torch.utils.flop_counter import FlopCounterMode\nFlopCounterMode()",
        "from torch.profiler import profile\nwith profile() as p: f(1)",
        "state = torch.get_rng_state()\nf(1)",
        "import random\nbefore = random.getstate()",
        "a = np.random.get_state()[1]",
        "assert torch.is_grad_enabled()",
        "assert torch.get_default_dtype() == torch.float32",
        "n = len(plt.get_fignums())",
        "import os\nassert os.listdir() == os.listdir('.')",
        "import glob\nfor p in glob.glob('*.pt'): pass",
        "import pathlib\nassert not list(pathlib.Path().rglob('*.pkl'))",
        "from pathlib import Path\nfor p in Path('.').iterdir(): pass",
        "from pathlib import Path\nfor p in Path.cwd().glob('out/*.png'): pass",
        "import threading as th\nassert th.active_count() == 1",
        "assert 'sympy' not in sys.modules",
        "import sys\nsys.setprofile(print)",
        "import time\nt = time.process_time()",
        "m = nn.Linear(2, 1)\nf(m)\nassert m.training",
    ],
)
def test_a_look_at_the_tests_own_process_is_noted_once(source: str) -> None:
    (finding,) = find_process_inspections(ast.parse(source), {})
    assert "the tests' own process" in finding.message


@pytest.mark.parametrize(
    "source",
    [
        "assert net.training",
        "m = Net()\nf(m)\nassert m.training",
        "os.listdir(files)",
        "from pathlib import Path\nlist(Path(files).glob('*.pt'))",
        "profile(3)",
        "with torch.no_grad(): f(1)",
        "import sys\nhere = sys.modules[__name__]",
        "import time\nt = time.perf_counter()",
        "random.seed(3)",
    ],
)
def test_a_look_at_the_student_s_work_is_not_noted(source: str) -> None:
    assert not list(find_process_inspections(ast.parse(source), {"Net": "nets:Net"}))


@pytest.mark.parametrize(
    "source",
    [
        "assert copied(x) is not x",
        "assert a.weight.data_ptr() != b.weight.data_ptr()",
        "assert not np.shares_memory(x, f(x))",
        "self.assertIsNot(f(x), x)",
        "before = x._version",
    ],
)
def test_a_look_at_memory_shared_by_two_values_is_noted(source: str) -> None:
    (finding, *_) = find_identity_checks(ast.parse(source))
    assert not finding.is_certain
    assert "the test gets a new copy of each" in finding.message


@pytest.mark.parametrize(
    "source",
    [
        "assert f(x) is not None",
        "assert type(x) is not list and kind is not Tree",
        "assert x.dtype is not torch.float32",
        "assert head.next is head",
        "assert np.array_equal(f(x), x)",
    ],
)
def test_a_look_at_one_value_is_not_noted(source: str) -> None:
    assert not list(find_identity_checks(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "mock.patch('__main__.np.linalg.inv', banned)",
        "mock.patch.dict(sys.modules, {'sklearn': None})",
        "mock.patch.dict('sys.modules', sklearn=None)",
        "sys.modules['statistics'] = None",
        "torch.use_deterministic_algorithms(True)",
    ],
)
def test_a_ban_that_stays_with_the_tests_is_noted(source: str) -> None:
    (finding, *_) = find_library_changes(ast.parse(source), {"np": "numpy"})
    assert "runs in another one and does not notice" in finding.message


def test_searching_for_the_notebook_s_file_is_noted() -> None:
    source = "import glob\nfor name in glob.glob('*.ipynb'): open(name)"
    (finding,) = find_process_inspections(ast.parse(source), {})
    assert "not the notebook itself" in finding.message


def test_a_test_that_looks_for_races_is_noted() -> None:
    source = "import threading\nt = threading.Thread(target=count)"
    (finding,) = find_process_inspections(ast.parse(source), {})
    assert "no race can show" in finding.message


@pytest.mark.parametrize(
    "draw",
    [
        "torch.rand(2)",
        "np.random.rand(3)",
        "random.random()",
        "np.random.permutation(3)",
    ],
)
def test_a_draw_after_the_notebook_s_seed_is_noted(draw: str) -> None:
    source = f"set_seed(3)\na = {draw}\nset_seed(3)\nassert {draw} == a"
    (finding,) = find_draws_after_seed(ast.parse(source), {"set_seed"}, {"np": "numpy"})
    assert "draws from the tests' own generator" in finding.message
    assert finding.line == 2


@pytest.mark.parametrize(
    "source",
    [
        "x = torch.rand(2)\nset_seed(3)\na = sample(2)",
        "set_seed(3)\ntorch.manual_seed(3)\nx = torch.rand(2)",
        "set_seed(3)\nx = torch.rand(2, generator=g)",
        "set_seed(3)\nr = random.Random(3)\nx = r.random()",
        "seed(3)\nx = torch.rand(2)",
        "f(3)\nx = torch.rand(2)",
    ],
)
def test_a_draw_of_its_own_seed_is_not_noted(source: str) -> None:
    assert not list(
        find_draws_after_seed(ast.parse(source), {"set_seed", "f", "sample"}, {})
    )


@pytest.mark.parametrize(
    "source",
    [
        "train(3, lambda state: state.update(stop=True))",
        "def stop(state):\n    state['stop'] = True\nTrainer().fit(on_step=stop)",
        "def clip(x):\n    x.clamp_(0)\nt = Trainer()\nt.fit(clip)",
        "train(2, callback=lambda losses: losses.append(0))",
    ],
)
def test_a_change_that_a_callback_makes_to_its_argument_is_noted(source: str) -> None:
    notes = find_unsupported_uses(
        ast.parse(source), TestStyle.SCRIPT, {"train", "Trainer"}
    )
    assert [one.message for one in notes if "calls this function" in one.message]


@pytest.mark.parametrize(
    "source",
    [
        "seen = []\ntrain(3, lambda state: seen.append(state['step']))",
        "def stop(state):\n    new = {**state}\n    new['a'] = 1\n    return new\ntrain(3, stop)",
        "def change(state):\n    state['a'] = 1\nstate = {}\nchange(state)\ntrain(state)",
    ],
)
def test_a_callback_that_changes_what_is_the_test_s_is_not_noted(source: str) -> None:
    notes = find_unsupported_uses(ast.parse(source), TestStyle.SCRIPT, {"train"})
    assert not [one.message for one in notes if "calls this function" in one.message]
