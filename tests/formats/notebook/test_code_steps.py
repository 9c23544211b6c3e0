"""Following a notebook's code takes a bounded time, whatever its functions contain."""

import ast
import io
import json
import pickle
import time
import tracemalloc
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.assignment.foreign_cells import otter_check
from formats.notebook.assignment_context import AssignmentContext
from formats.notebook.cell_syntax import MAX_CELL, MAX_PARSED
from formats.notebook.opened_files import read_code
from formats.weights.pickle_instructions import read_pickle
from formats.weights.torchscript import check_torchscript
from formats.weights.weight_names import warn_of_wrappers
from formats.zip_directory import Member
from tests.submissions.builders import code_cell, notebook_bytes

# About one on an idle machine; work that is not counted takes ten times as long.
SECONDS: Final = 3.0
PATH: Final = "'" + "a/" * 248 + "b'"
NESTED: Final = 40

# A long line, or one of many parts; `n` is about its length.
WIDE: Final[dict[str, Callable[[int], str]]] = {
    "names": lambda n: "a," * (n // 2),
    "a loop": lambda n: "for " + "a," * (n // 2) + " in x: pass",
    "imports": lambda n: "import " + "a," * (n // 2) + "a",
    "global": lambda n: "global " + "a," * (n // 2) + "a",
    "with": lambda n: "with " + "a as a," * (n // 7) + "a: pass",
    "a mode": lambda n: "open('a', '" + "b" * n + "')",
    "paths": lambda n: f"p = {PATH};" + "open(p);" * (n // 8),
    "long paths": lambda n: "'" + "a/" * (n // 2) + "b'.exists()",
    "reads": lambda n: ";".join(f"open('q{one}.csv')" for one in range(n // 15)),
    "parts of texts": lambda n: ("str(" * 80 + "a" + ")" * 80 + ";") * (n // 401),
    "conditions": lambda n: ("(a or " * 80 + "a" + ")" * 80 + ";") * (n // 561),
    "attributes": lambda n: ("a" + ".f0" * 200 + ";") * (n // 602),
    "lambdas": lambda n: "lambda: a;" * (n // 10),
    "comprehensions": lambda n: "[a for a in b];" * (n // 15),
    "an f-string": lambda n: "f'" + "{a}" * (n // 3) + "'",
    "keywords": lambda n: f"f0({','.join(f'a{one}=1' for one in range(n // 9))})",
    "chosen": lambda n: "open('b') if a else 0;" * (n // 22),
    "a number": lambda n: "x = 0x" + "f" * n,
    "calls": lambda n: "f0();" * (n // 5),
}
# The text around the line, and the text before and behind its parameters.
WITHIN: Final = (
    "def f{n}(*_, **__):",
    "def f{n}(self, a=1, *_):",
    "async def f{n}(*_):",
    "class f{n}:",
    "@f0\n{blanks}def f{n}(*_):",
    "if a:",
    "for a in b:",
    "while a:",
    "with a as b:",
)


def code(frames: list[str], wide: list[str]) -> str:
    """Return lines of all kinds within all the frames, as long as a cell may be."""
    lines = ["def f0(*_):"]
    for depth, frame in enumerate(frames, 1):
        blanks = " " * depth
        lines.append(blanks + frame.format(n=depth, blanks=blanks))
    left = (MAX_CELL - sum(map(len, lines)) - 200) // len(wide)
    blanks = " " * (len(frames) + 1)
    lines += [blanks + WIDE[name](left - 600) for name in wide]
    return "\n".join([*lines, ""])


def seconds(*sources: str) -> float:
    """Return the time to read a notebook of these cells and find all its warnings."""
    data = notebook_bytes(*map(code_cell, sources))
    started = time.thread_time()
    reading = read_code(data, name="w", context=AssignmentContext())
    reading.warnings({"work.ipynb", "data.csv"}, ())
    reading.missing_packages((), ())
    return time.thread_time() - started


def notebook(source: str, *, calls: str) -> list[str]:
    cell = (calls * (MAX_CELL // len(calls) + 1))[:MAX_CELL]
    cell = cell[: cell.rindex("\n") + 1]
    return [source, *[cell] * (MAX_PARSED // MAX_CELL - 1)]


@pytest.mark.long
@pytest.mark.parametrize("line", WIDE)
def test_steps_within_a_call_are_counted(line: str) -> None:
    source = code(["def g():"], [line])
    assert ast.parse(source).body
    assert seconds(*notebook(source, calls="f0()\n")) < SECONDS


@pytest.mark.long
@settings(max_examples=4, deadline=None)
@given(
    frames=st.lists(st.sampled_from(WITHIN), max_size=NESTED),
    wide=st.lists(st.sampled_from(sorted(WIDE)), min_size=1, max_size=4),
    calls=st.lists(
        st.sampled_from(["f0()", "f1(f0)", "f0(a=f2)", "a.f3()", "f1", "f2(1)(2)"]),
        min_size=1,
    ),
)
def test_nested_definitions_and_calls_are_followed_in_time(
    frames: list[str], wide: list[str], calls: list[str]
) -> None:
    source = code(frames, wide)
    assert seconds(*notebook(source, calls="\n".join([*calls, ""]))) < SECONDS


def test_the_longest_honest_notebook_is_followed_to_its_end() -> None:
    """Its density is about that of real code: functions, classes and calls of them."""
    piece = (
        "def train_{n}(model, loader, epochs=3):\n"
        "    losses = []\n"
        "    for epoch in range(epochs):\n"
        "        for images, labels in loader:\n"
        "            loss = torch.nn.functional.cross_entropy(model(images), labels)\n"
        "            losses.append(loss.item())\n"
        "    np.savetxt('losses_{n}.txt', losses)\n"
        "    return losses\n\n"
        "history_{n} = train_{n}(model, train_loader)\n"
        "print('The last loss of the training was', history_{n}[-1], 'in the end')\n"
    )
    cells = ["".join(piece.format(n=40 * c + n) for n in range(40)) for c in range(9)]
    assert 150_000 < sum(map(len, cells)) < MAX_PARSED
    data = notebook_bytes(*map(code_cell, [*cells, "open('mine.csv')"]))
    reading = read_code(data, name="w", context=AssignmentContext())
    assert reading.accesses.is_complete
    assert len(reading.accesses.writes) == 360
    (warning,) = reading.warnings((), ())
    assert "mine.csv" in warning.message


def test_top_level_code_is_read_even_if_functions_take_too_long() -> None:
    long = "def f():\n" + " a = b\n" * 2_000
    data = notebook_bytes(
        code_cell(long), code_cell("f()\n" * 100), code_cell("import absent")
    )
    reading = read_code(data, name="w", context=AssignmentContext())
    assert not reading.accesses.is_complete
    assert [one.package for one in reading.accesses.imports] == ["absent"]


def test_only_files_with_a_warning_are_compared() -> None:
    """Comparing a name with all other names, letter by letter, is slow."""
    line = "".join(f"open('{'ab' * 20}{n}.csv')\n" for n in range(300))
    data = notebook_bytes(*[code_cell(line.replace("b", x)) for x in "bcdefghijk"])
    reading = read_code(data, name="w", context=AssignmentContext())
    started = time.thread_time()
    assert len(reading.warnings({f"{'ab' * 20}{n}x" for n in range(50)}, ())) == 10
    assert time.thread_time() - started < 0.5


@pytest.mark.parametrize(
    "between", [" " * 980 + "x", ", " + "()" * 480, "\n " * 480 + "x"]
)
def test_a_check_cell_is_recognised_without_parsing_each_cell_twice(
    between: str,
) -> None:
    """Every cell of an upload is asked, several times."""
    started = time.thread_time()
    for _ in range(200):
        assert otter_check(f"grader.check('a'){between}") is None
        assert otter_check(f"grader.check('a'{between}") is None
    assert time.thread_time() - started < 0.5


# --- Pickles -------------------------------------------------------------------------


def text(words: bytes) -> bytes:
    return b"X" + len(words).to_bytes(4, "little") + words


def test_a_one_byte_instruction_does_not_make_a_long_name() -> None:
    pickled = b"\x80\x04" + text(b"a" * 10**6) * 2 + b"\x93" * 200_000 + b"."
    tracemalloc.start()
    contents = read_pickle(pickled)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(contents.globals) == 1
    assert most < 50 * 10**6


def test_a_repeated_name_is_checked_once() -> None:
    name = "a." * 10**6
    made = b"ctorch._utils\n_rebuild_tensor_v2\n)R"
    pickled = b"\x80\x02}" + text(name.encode()) + b"q\x01" + made + b"s"
    pickled += (b"h\x01" + made + b"s") * 200
    contents = read_pickle(pickled + b".")
    assert [len(table.names) for table in contents.tables] == [1]
    started = time.thread_time()
    assert not [*warn_of_wrappers([{name: None}] * 500, name="w", save="s")]
    assert time.thread_time() - started < 1.5


def test_a_program_has_two_pickles_however_many_have_that_name() -> None:
    class Content(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            return super().read(size)

    names = ["a/data.pkl", "a/constants.pkl", *(f"a/{n}/data.pkl" for n in range(99))]
    content = Content(pickle.dumps(json.dumps(names)))
    members = [
        Member(
            name=name,
            is_stored=True,
            is_encrypted=False,
            packed_bytes=9,
            size=9,
            offset=0,
        )
        for name in names
    ]
    assert not check_torchscript(content, members, name="w").problems
    assert content.reads <= 4
