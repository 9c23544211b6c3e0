"""Opened files are looked for on every branch that may run, and only there."""

from typing import Any

import pytest

from formats.notebook.assignment_context import AssignmentContext
from formats.notebook.opened_files import find_missing_files
from tests.submissions.builders import code_cell, notebook_bytes


def opened(*sources: str, **parameters: Any) -> list[str]:
    """Return the paths that are warned of."""
    found = find_missing_files(
        notebook_bytes(*[code_cell(source) for source in sources]),
        name="work.ipynb",
        present={"work.ipynb"},
        context=AssignmentContext(parameters=parameters),
    )
    assert all(each.code == "opens_missing" for each in found)
    return [each.message.split("“")[1].split("”")[0] for each in found]


LOAD = "torch.load('n.pt')"
SAVE = "torch.save(n, 'n.pt')"
ELSE = f"if TRAIN:\n    {SAVE}\nelse:\n    {LOAD}"


@pytest.mark.parametrize(
    "source",
    [
        ELSE,
        f"if not TRAIN:\n    {LOAD}\nelse:\n    {SAVE}",
        f"if TRAIN:\n    {SAVE}\nelif OTHER:\n    {LOAD}",
        f"n = train() if TRAIN else {LOAD}",
        f"if TRAIN:\n    for e in x:\n        {SAVE}\nelse:\n    {LOAD}",
        f"def get():\n    if TRAIN:\n        {SAVE}\n    else:\n        {LOAD}\nget()",
        f"match TRAIN:\n    case True:\n        {SAVE}\n    case _:\n        {LOAD}",
        f"try:\n    {LOAD}\nexcept RuntimeError:\n    pass",
        f"with torch.no_grad():\n    {LOAD}",
        "with open('n.pt', 'rb') as f:\n    pass",
        f"while x:\n    {LOAD}",
        f"f = lambda: {LOAD}",
        f"[{LOAD} for _ in x]",
        f"class A:\n    def get(self):\n        {LOAD}",
        f"def save():\n    {SAVE}\n{LOAD}",
        "def get(path):\n    return torch.load(path)\nget('n.pt')",
        "def get(path='n.pt'):\n    return torch.load(path)\nget()",
        "class A:\n    def __init__(self, p):\n        torch.load(p)\nA('n.pt')",
        "shutil.copy('n.pt', 'm.pt')",
        "async def get():\n    torch.load('n.pt')\nawait get()",
    ],
)
def test_a_file_that_some_branch_opens_is_warned_of(source: str) -> None:
    assert opened(source) == ["n.pt"]


@pytest.mark.parametrize(
    "source",
    [
        f"if TRAIN:\n    {SAVE}\n{LOAD}",
        f"{SAVE}\nif not TRAIN:\n    {LOAD}",
        f"try:\n    {LOAD}\nexcept OSError:\n    {SAVE}",
        f"for e in x:\n    if e:\n        {LOAD}\n    else:\n        {SAVE}",
        f"def save():\n    {SAVE}\nsave()\n{LOAD}",
        f"def save():\n    {SAVE}\nrun(save)\n{LOAD}",
        f"class A(Callback):\n    def on_end(self):\n        {SAVE}\nfit(A())\n{LOAD}",
        f"def save(to):\n    torch.save(n, to)\nsave('n.pt')\n{LOAD}",
        f"if os.path.exists('n.pt'):\n    {LOAD}\nelse:\n    {SAVE}",
        f"if __name__ != '__main__':\n    {LOAD}",
        f"TRAIN = True\n{ELSE}",
        f"if False:\n    {LOAD}",
        f"def get():\n    return 1\n    {LOAD}",
        "shutil.copy('work.ipynb', 'n.pt')\n" + LOAD,
        "json.load(open('work.ipynb'))",
    ],
)
def test_a_file_made_before_or_never_opened_is_not_warned_of(source: str) -> None:
    assert opened(source) == []


def test_a_file_that_only_a_later_cell_makes_is_warned_of() -> None:
    assert opened(LOAD, SAVE) == ["n.pt"]
    assert opened(SAVE, LOAD) == []


@pytest.mark.parametrize(
    "source",
    [
        ELSE,
        f"TRAIN = True\n{ELSE}",
        f"if TRAIN and x:\n    {SAVE}\n{LOAD}",
        f"if TRAIN == True:\n    {SAVE}\n{LOAD}",
        f"if TRAIN is not False:\n    {SAVE}\n{LOAD}",
        f"def run():\n    if TRAIN:\n        {SAVE}\nrun()\n{LOAD}",
    ],
)
def test_a_forced_parameter_rules_out_a_branch(source: str) -> None:
    assert opened(source, TRAIN=False) == ["n.pt"]


@pytest.mark.parametrize(
    "source",
    [
        f"if TRAIN:\n    {LOAD}",
        f"TRAIN and {LOAD}",
        f"while TRAIN:\n    {LOAD}",
        f"if TRAIN or x:\n    {SAVE}\n{LOAD}",
        f"if flag(TRAIN):\n    {SAVE}\n{LOAD}",
        f"def run(TRAIN):\n    if TRAIN:\n        {SAVE}\nrun(x)\n{LOAD}",
        f"def run():\n    TRAIN = x()\n    if TRAIN:\n        {SAVE}\nrun()\n{LOAD}",
        f"def run():\n    global TRAIN\n    TRAIN = 1\n    if TRAIN:\n        {LOAD}\nrun()",
    ],
)
def test_a_forced_parameter_decides_only_certain_conditions(source: str) -> None:
    assert opened(source, TRAIN=False) == []


def test_a_name_that_may_have_changed_decides_nothing() -> None:
    changed = "TRAIN = False\nif x:\n    TRAIN = True\n"
    assert opened(f"{changed}if TRAIN:\n    {LOAD}") == ["n.pt"]
    loop = f"first = True\nfor e in x:\n    if not first:\n        {LOAD}\n    first = False"
    assert opened(loop) == ["n.pt"]


def test_a_forced_path_is_the_one_that_is_opened() -> None:
    assert opened("CKPT = 'a.pt'\ntorch.load(CKPT)", CKPT="b.pt") == ["b.pt"]


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    f()\n    open('a.txt')\nf()",
        "def f(): g()\ndef g(): f(); open('a.txt')\nf()",
        "f = lambda: f()\nf(); open('a.txt')",
    ],
)
def test_functions_that_call_each_other_are_followed_once(source: str) -> None:
    assert opened(source) == ["a.txt"]


def test_the_number_of_followed_calls_is_limited() -> None:
    functions = [f"def f{n + 1}():\n" + f"    f{n}()\n" * 9 for n in range(9)]
    assert opened("def f0(): open('a.txt')", *functions, "f9()") == []
