"""Files that a notebook opens are compared with the files of its run."""

import time
from typing import Any

import pytest

from formats.notebook.assignment_context import AssignmentContext
from formats.notebook.opened_files import find_missing_files, read_code
from formats.problems import Problem
from tests.submissions.builders import code_cell, notebook_bytes


def warned(
    *sources: str, present: tuple[str, ...] = (), wanted: tuple[str, ...] = ()
) -> tuple[Problem, ...]:
    return find_missing_files(
        notebook_bytes(*[code_cell(source) for source in sources]),
        name="work.ipynb",
        present={"work.ipynb", *present},
        wanted=wanted,
    )


@pytest.mark.parametrize(
    "source",
    [
        "model.load_state_dict(torch.load('vae.pth', weights_only=True))",
        "weights = load_file('vae.pth')",
        "with open('vae.pth', 'rb') as f: pass",
        "with open(file='vae.pth') as f: pass",
        "x = np.load('./vae.pth')",
        "df = pd.read_csv('vae.pth')",
        "name = 'vae.pth'\ntorch.load(name)",
        "name = 'vae'\ntorch.load(f'{name}.pth')",
        "torch.load('vae' + '.pth')",
        "from pathlib import Path\nPath('vae.pth').read_bytes()",
        "Path('.') / 'x'\ntorch.load(Path('.') / 'vae.pth')",
        "torch.load(os.path.join('.', 'vae.pth'))",
        "load_model(net, 'vae.pth')",
        "%time x = 1\n!nvidia-smi\nfiles = !ls\ntorch.load('vae.pth')",
        "%%time\ntorch.load('vae.pth')",
        "def f():\n    torch.load('vae.pth')",
    ],
)
def test_opened_file_that_is_not_handed_in_is_warned_of(source: str) -> None:
    (found,) = warned(source)
    assert found.code == "opens_missing"
    assert "Cell 1 opens “vae.pth”" in found.message
    assert warned(source, present=("vae.pth",)) == ()


@pytest.mark.parametrize(
    "source",
    [
        "open('log.txt', 'w')",
        "open('log.txt', mode='a')",
        "torch.save(net.state_dict(), 'net.pth')\ntorch.load('net.pth')",
        "net = torch.load('net.pth')\nsave_file(x, 'net.pth')",
        "np.save('a.npy', a); np.load('a.npy')",
        "%%writefile a.txt\nhello",
        "if os.path.exists('old.pth'):\n    torch.load('old.pth')",
        "Path('a.txt').write_text('x'); open('a.txt')",
        "torch.hub.load('pytorch/vision:v0.10.0', 'resnet18')",
        "spacy.load('en_core_web_sm')",
        "requests.get('https://example.org/a.csv')",
        "open('/dev/null')",
        "open('/tmp/x')",
        "json.load(f); open(); open(3); open(unknown)",
        "%%bash\nopen('a.txt')",
        "%%html\n<b>",
        "glob('*.pth'); open('*.pth')",
    ],
)
def test_code_that_needs_no_file_gives_no_warning(source: str) -> None:
    assert warned(source) == ()


def test_file_in_a_folder_lies_beside_the_notebook() -> None:
    (found,) = warned("torch.load('weights/vae.pth')", present=("vae.pth",))
    assert found.code == "opens_elsewhere"
    assert "“vae.pth”" in found.hint


@pytest.mark.parametrize(
    "path", ["/vol/bitbucket/ab12/vae.pth", "C:\\\\Users\\\\me\\\\vae.pth", "~/vae.pth"]
)
def test_absolute_path_is_warned_of(path: str) -> None:
    assert [each.code for each in warned(f"torch.load('{path}')")] == ["opens_absolute"]


def test_use_of_the_network_is_warned_of() -> None:
    (found,) = warned("pd.read_csv('https://example.org/a.csv?raw=1')")
    assert found.code == "opens_network"


def test_missing_optional_file_is_warned_of() -> None:
    (found,) = warned("torch.load('vae.pth')", wanted=("vae.pth",))
    assert found.code == "opens_wanted"


def test_similar_name_is_suggested() -> None:
    (found,) = warned("torch.load('vae_final.pth')", present=("vae.pth",))
    assert found.code == "opens_other_name"
    assert "“vae.pth”" in found.hint


def test_each_file_is_warned_of_once_with_its_first_cell() -> None:
    (found,) = warned("x = 1", "open('a.txt')", "open('a.txt')")
    assert "Cell 2" in found.message


def test_cells_that_are_not_run_are_not_read() -> None:
    cell = code_cell("open('a.txt')", metadata={"tags": ["slow"]})
    skipped = code_cell("open('b.txt')", metadata={"tags": ["skip-execution"]})
    found = find_missing_files(
        notebook_bytes(cell, skipped),
        name="w",
        present=(),
        context=AssignmentContext(skip_tags=["slow"]),
    )
    assert found == ()


def test_syntax_error_is_warned_of_with_its_line() -> None:
    (found,) = warned("x = 1", "y = 2\nprint 'hello'")
    assert found.code == "cell_syntax"
    assert "Cell 2" in found.message
    assert "line 2 of the cell: print 'hello'" in found.message


@pytest.mark.parametrize("source", ["%magic\nx = ", "!ls\nfor", "await x", "return 3"])
def test_cells_that_ipython_may_read_are_no_syntax_errors(source: str) -> None:
    assert warned(source) == ()


@pytest.mark.parametrize(
    "source",
    [
        "(" * 5000,
        "-" * 100_000 + "1",
        "a" + ".b" * 90_000,
        "x = " + "+".join(["'a'"] * 40_000),
        "\0",
        "\ud800",
        "open('" + "a" * 100_000 + ".txt')",
        "x = 'a' * 10\n" + "\n".join("x = x + x" for _ in range(200)),
        "a = 'ab'\n" + "\n".join("a = a + a" for _ in range(500)) + "\nopen(a)",
        "9" * 10_000,
        "open(" * 5000,
    ],
)
def test_hostile_code_is_read_in_bounded_time(source: str) -> None:
    started = time.monotonic()
    warned(source)
    assert time.monotonic() - started < 5


def test_unreadable_notebook_has_no_warnings() -> None:
    assert find_missing_files(b"no notebook", name="w", present=()) == ()


def test_the_number_of_warnings_is_limited() -> None:
    assert len(warned(*[f"open('{n}.txt')" for n in range(50)])) == 10


def packages(
    *sources: str, present: tuple[str, ...] = (), given: Any = ()
) -> list[str]:
    """Return the packages that are warned of, where numpy and torch are installed."""
    data = notebook_bytes(*[code_cell(source) for source in sources])
    context = AssignmentContext(handout=given, parameters={"TRAIN": False})
    reading = read_code(data, name="w", context=context)
    found = reading.missing_packages({"numpy", "torch"}, present)
    assert all(each.code == "imports_missing" and each.hint for each in found)
    return [each.message for each in found]


@pytest.mark.parametrize(
    "source",
    [
        "import tqdm",
        "import numpy, tqdm.auto as t",
        "from tqdm.notebook import trange",
        "if x:\n    import tqdm",
        "def f():\n    import tqdm",
        "try:\n    import tqdm\nexcept ValueError:\n    pass",
        "import tqdm\nimport tqdm.auto",
    ],
)
def test_a_package_that_is_not_installed_is_warned_of_once(source: str) -> None:
    (message,) = packages("import torch", source)
    assert message.startswith("Cell 2 imports “tqdm”, which is not installed")


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np, torch.nn as nn",
        "try:\n    import tqdm\nexcept ImportError:\n    tqdm = None",
        "try:\n    import tqdm\nexcept (ValueError, ModuleNotFoundError):\n    pass",
        "try:\n    import tqdm\nexcept:\n    pass",
        "if TRAIN:\n    import tqdm",
        "from . import tqdm",
        "import helper",
        "import otter",
        "import _thread, __main__\nfrom __future__ import annotations",
        "sys.path.append('x')\nimport tqdm",
    ],
)
def test_a_package_that_is_not_needed_is_not_warned_of(source: str) -> None:
    assert packages(source, present=("helper.py",)) == []


def test_a_module_that_the_notebook_writes_is_not_missing() -> None:
    assert packages("%%writefile tools.py\nx = 1", "import tools") == []


def test_an_import_of_the_hand_out_is_not_warned_of() -> None:
    assert packages("import tqdm", given=[code_cell("import tqdm")]) == []
