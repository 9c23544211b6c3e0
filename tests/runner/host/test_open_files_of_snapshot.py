"""Each question finds the notebook's open files at the places of its check cell."""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import Limits
from tests.runner.notebooks import cell, job, question, scores

pytestmark = pytest.mark.torch

ONE, TWO = (cell(f"# softmark: check q{number}") for number in (1, 2))
WRITER = """import csv
out = open("results.csv", "w", newline="")
writer = csv.writer(out)
def add(*row):
    writer.writerow(row)
    out.flush()
def rows():
    with open("results.csv", newline="") as file: return list(csv.reader(file))
add("epoch", "loss")
"""
READER = """from pathlib import Path
Path("numbers.txt").write_text("".join(f"{n}\\n" for n in range(50000)))
numbers = open("numbers.txt")
def batch(size): return [int(next(numbers)) for _ in range(size)]
batch(10)
"""
ADDS = (
    "def check_row(add, rows):\n"
    "    add(1, 0.5)\n"
    "    assert rows() == [['epoch', 'loss'], ['1', '0.5']], rows()\n"
)
READS = (
    "def check_first(batch):\n"
    "    assert batch(9000) == list(range({first}, {first} + 9000))\n"
    "def check_second(batch):\n"
    "    assert batch(9000) == list(range({first} + 9000, {first} + 18000))\n"
)


def test_another_question_does_not_move_the_end_of_a_file(runner: Runner) -> None:
    asked = (question("q1", ADDS), question("q2", ADDS))
    result = runner.run(job(WRITER, ONE, TWO, questions=asked))
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}


def test_a_later_cell_does_not_move_the_end_of_a_file(runner: Runner) -> None:
    cells = (WRITER, ONE, "for n in range(20): add(n, n)")
    result = runner.run(job(*cells, questions=(question("q1", ADDS),)))
    assert scores(result) == {"q1": [1.0]}


def test_each_question_reads_on_where_its_check_cell_was(runner: Runner) -> None:
    asked = (
        question("q1", READS.format(first=10)),
        question("q2", READS.format(first=1010)),
    )
    result = runner.run(job(READER, ONE, "batch(1000)", TWO, questions=asked))
    assert scores(result) == {"q1": [1.0, 1.0], "q2": [1.0, 1.0]}


def test_an_interrupted_question_reads_on_where_it_was(runner: Runner) -> None:
    slow = "def check_slow(batch):\n    batch(9000)\n    import time; time.sleep(60)\n"
    later = "def check_later(batch):\n    assert batch(1)[0] > 9000\n"
    asked = (question("q1", slow + later),)
    limits = Limits(question_seconds=2)
    result = runner.run(job(READER, ONE, questions=asked, limits=limits))
    assert scores(result)["q1"][1:] == [1.0]


# More names than the kernel gives at once.
LISTING = """import os
os.mkdir("data")
for n in range(3000): open(f"data/{n:04}", "w").close()
listing = os.scandir("data")
seen = [next(listing).name]
def rest(): return sorted(seen + [entry.name for entry in listing])
"""
LISTS = "def check_all(rest):\n    assert rest() == [f'{n:04}' for n in range(3000)]\n"


def test_each_question_goes_on_with_a_listing(runner: Runner) -> None:
    asked = (question("q1", LISTS), question("q2", LISTS))
    result = runner.run(job(LISTING, ONE, TWO, "rest()", questions=asked))
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}
