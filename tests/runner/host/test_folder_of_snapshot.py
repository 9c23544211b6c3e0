"""Each question finds the working folder as it was at its check cell."""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import JobResult, Verdict
from tests.runner.notebooks import cell, job, messages, question, scores, text

pytestmark = pytest.mark.torch

ONE, TWO = cell("# softmark: check q1"), cell("# softmark: check q2")
SAVE = "from pathlib import Path\nPath('best.pt').write_text({!r})\n"
READ = "def best(): return Path('best.pt').read_text()\n"


STORE = (
    "from pathlib import Path\n"
    "def store(): Path('out').write_text('x'); return 42\n"
    "def is_stored(): return Path('out').exists()\n"
)
CRASHES = (
    "import os\nfrom pathlib import Path\nos.mkdir('out')\n"
    "with open('log', 'a') as log: log.write('once')\n"
    "def crash(): os._exit(3)\n"
    "def answer(): return Path('log').read_text()\n"
)


def asking(key: str, text: str) -> object:
    return question(key, f"def check(best):\n    assert best() == {text!r}\n")


def run(runner: Runner, *cells: object, **changes: object) -> JobResult:
    return runner.run(job(*cells, **changes))  # type: ignore[arg-type]  # cells


def test_a_later_part_does_not_overwrite_the_file_of_an_earlier_one(
    runner: Runner,
) -> None:
    asked = (asking("q1", "A"), asking("q2", "B"))
    cells = (SAVE.format("A") + READ, ONE, SAVE.format("B"), TWO)
    result = run(runner, *cells, questions=asked)
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}, messages(result)


def test_a_cell_below_the_check_does_not_do_the_work(runner: Runner) -> None:
    asked = (asking("q1", "trained"),)
    result = run(
        runner,
        SAVE.format("wrong") + READ,
        ONE,
        SAVE.format("trained"),
        questions=asked,
    )
    assert scores(result) == {"q1": [0.0]}


def test_a_file_that_a_later_cell_deletes_is_there(runner: Runner) -> None:
    cells = (SAVE.format("A") + READ, ONE, "import os\nos.remove('best.pt')")
    assert scores(run(runner, *cells, questions=(asking("q1", "A"),))) == {"q1": [1.0]}


def test_a_test_finds_nothing_that_another_questions_test_has_saved(
    runner: Runner,
) -> None:
    cells = (STORE, ONE, TWO)
    asked = (
        question("q1", "def check(store):\n    assert store() == 42\n"),
        question("q2", "def check(is_stored):\n    assert not is_stored()\n"),
    )
    assert scores(run(runner, *cells, questions=asked)) == {"q1": [1.0], "q2": [1.0]}


def test_the_checks_of_one_question_share_what_they_save(runner: Runner) -> None:
    source = (
        "def check_saves(store):\n    store()\n\n"
        "def check_loads(is_stored):\n    assert is_stored()\n"
    )
    cells = (STORE, ONE)
    result = run(runner, *cells, questions=(question("q1", source),))
    assert scores(result) == {"q1": [1.0, 1.0]}, messages(result)


def test_cells_that_run_again_find_the_folder_as_it_was_at_first(
    runner: Runner,
) -> None:
    source = (
        "def check_crash(crash):\n    crash()\n\n"
        "def check_answer(answer):\n    assert answer() == 'once'\n"
    )
    cells = (CRASHES, ONE)
    result = run(runner, *cells, questions=(question("q1", source),))
    assert scores(result) == {"q1": [0.0, 1.0]}, messages(result)
    assert result.verdict is Verdict.COMPLETED


def test_a_folder_that_is_too_large_to_save_stays_as_it_is(runner: Runner) -> None:
    fill = "Path('large').write_bytes(bytes(150 << 20))\n"
    cells = (SAVE.format("A") + READ + fill, ONE, SAVE.format("B"))
    result = run(runner, *cells, questions=(asking("q1", "B"),))
    assert scores(result) == {"q1": [1.0]}, messages(result)
    assert result.verdict is Verdict.COMPLETED


TOUCHES_STATES = """
import os
def attempt(action):
    try: action()
    except OSError as error: return type(error).__name__
    return "done"
first = os.listdir("/states")[0]
print(attempt(lambda: open(f"/states/{first}").read()))
print(attempt(lambda: open(f"/states/{first}", "w")))
print(attempt(lambda: open("/states/new", "w")))
print(attempt(lambda: os.remove(f"/states/{first}")))
print(attempt(lambda: os.rename(f"/states/{first}", "mine")))
print(attempt(lambda: os.link(f"/states/{first}", "mine")))
"""


def test_the_notebook_cannot_read_or_change_a_saved_state(runner: Runner) -> None:
    cells = (SAVE.format("A"), ONE, TOUCHES_STATES)
    result = run(runner, *cells, questions=(asking("q1", "A"),))
    printed = text(result, 3).split()
    assert len(printed) == 6
    assert set(printed) <= {"PermissionError", "OSError"}
