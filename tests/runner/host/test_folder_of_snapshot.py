"""Each question finds the working folder as it was at its check cell."""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import (
    CheckSpec,
    JobResult,
    Limits,
    QuestionSpec,
    Verdict,
)
from tests.runner.notebooks import cell, job, messages, question, scores, text

pytestmark = pytest.mark.torch

ONE, TWO, THREE = (cell(f"# softmark: check q{number}") for number in (1, 2, 3))
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


def asking(key: str, text: str) -> QuestionSpec:
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


def test_a_fresh_process_has_no_right_of_the_first_process(runner: Runner) -> None:
    """The first process has kept one by then: it has sealed the jail."""
    rights = (
        "def rights():\n    status = open('/proc/self/status').read().split()\n"
        "    return [status[status.index(f'Cap{one}:') + 1].strip('0')"
        " for one in ('Inh', 'Prm', 'Eff', 'Bnd', 'Amb')]"
    )
    source = (
        "def check_crash(crash):\n    crash()\n\n"
        "def check_rights(rights):\n    assert rights() == [''] * 5\n"
    )
    result = run(runner, CRASHES, rights, ONE, questions=(question("q1", source),))
    assert scores(result) == {"q1": [0.0, 1.0]}, messages(result)


MANY = """
import os
os.mkdir("images")
for number in range(4100): open(f"images/{number}", "w").close()
def count(): return len(os.listdir("images"))
"""
COUNTS = "def check(count, best):\n    assert (count(), best()) == (4100, 'B')\n"


def test_a_question_whose_folder_was_not_saved_finds_the_last_one_whole(
    runner: Runner,
) -> None:
    """Other questions find theirs before and after it."""
    cells = (SAVE.format("A") + READ, ONE, MANY, TWO, SAVE.format("B"), THREE)
    asked = (asking("q1", "A"), question("q2", COUNTS), question("q3", COUNTS))
    result = run(runner, *cells, questions=asked)
    assert scores(result) == {"q1": [1.0], "q2": [1.0], "q3": [1.0]}, messages(result)


def test_each_part_of_a_question_without_a_saved_folder_finds_the_last_one(
    runner: Runner,
) -> None:
    cells = (SAVE.format("A") + READ, ONE, MANY, TWO, SAVE.format("B"))
    hidden = (CheckSpec(name="check"), CheckSpec(name="check_again", secrecy=2))
    source = COUNTS + COUNTS.replace("check", "check_again")
    asked = (
        QuestionSpec(
            key="q1",
            source=asking("q1", "A").source
            + asking("q1", "A").source.replace("check", "check_again"),
            checks=hidden,
        ),
        QuestionSpec(key="q2", source=source, checks=hidden),
    )
    result = run(runner, *cells, questions=asked)
    assert scores(result) == {"q1": [1.0, 1.0], "q2": [1.0, 1.0]}, messages(result)


def test_cells_that_run_again_leave_the_last_folder_whole(runner: Runner) -> None:
    source = (
        "def check_crash(crash):\n    crash()\n\n"
        "def check_answer(answer):\n    assert answer() == 'once'\n"
    )
    cells = (CRASHES, ONE, SAVE.format("B") + READ + MANY, TWO)
    asked = (question("q1", source), question("q2", COUNTS))
    result = run(runner, *cells, questions=asked)
    assert scores(result) == {"q1": [0.0, 1.0], "q2": [1.0]}, messages(result)


def test_large_files_are_saved_up_to_the_limit_of_the_disk(runner: Runner) -> None:
    save = "from pathlib import Path\nPath('part{0}').write_bytes(bytes([{0}]) * (40 << 20))\n"
    read = "def load{0}(): return Path('part{0}').read_bytes()[0]\n"
    cells: list[object] = []
    for number in range(1, 5):
        cells += [save.format(number) + read.format(number)]
        cells += [cell(f"# softmark: check q{number}")]
    asked = tuple(
        question(f"q{one}", f"def check(load{one}):\n    assert load{one}() == {one}\n")
        for one in range(1, 5)
    )
    result = run(runner, *cells, questions=asked)
    assert all(one == [1.0] for one in scores(result).values()), messages(result)


def test_a_disk_that_a_later_cell_has_filled_takes_no_question_its_folder(
    runner: Runner,
) -> None:
    fill = "for n in range(12):\n    open(f'/tmp/{n}', 'wb').write(bytes(4 << 20))\n"
    cells = (
        (
            "import os\nopen('best.pt', 'wb').write(bytes(8 << 20))\n"
            "def size(): return os.path.getsize('best.pt')\ndef double(x): return 2 * x"
        ),
        *(ONE, "os.remove('best.pt')", TWO, fill),
    )
    asked = (
        question("q1", f"def check(size):\n    assert size() == {8 << 20}\n"),
        question("q2", "def check(double):\n    assert double(2) == 4\n"),
    )
    limits = Limits(disk_bytes=32 << 20)
    result = run(runner, *cells, questions=asked, limits=limits)
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}, messages(result)


def test_a_folder_without_room_is_named(runner: Runner) -> None:
    """No question is judged on half of its folder. Here the number of files is used up."""
    few = (
        "import os, shutil\nos.mkdir('few')\n"
        "for n in range(3000): open(f'few/{n}', 'w').close()\n"
        "def count(): return len(os.listdir('few'))\ndef double(x): return 2 * x"
    )
    many = (
        "shutil.rmtree('few')\nos.mkdir('many')\n"
        "for n in range(47500): open(f'many/{n}', 'w').close()"
    )
    asked = (
        question("q1", "def check(count):\n    assert count() == 3000\n"),
        question("q2", "def check(double):\n    assert double(2) == 4\n"),
    )
    result = run(runner, few, ONE, many, TWO, questions=asked)
    assert scores(result) == {"q1": [0.0], "q2": [1.0]}
    assert messages(result)[0] == "out of disk space"


def test_files_that_lie_aside_take_no_question_its_room(runner: Runner) -> None:
    save = (
        "import os\ndef save(mb):\n    open('model.pt', 'wb').write(bytes(mb << 20))\n"
        "    return os.path.getsize('model.pt')"
    )
    later = MANY.replace(
        "def count", "open('big', 'wb').write(bytes(20 << 20))\ndef count"
    )
    asked = (
        question("q1", f"def check(save):\n    assert save(18) == {18 << 20}\n"),
        question("q2", "def check(count):\n    assert count() == 4100\n"),
    )
    limits = Limits(disk_bytes=32 << 20)
    result = run(runner, save, ONE, later, TWO, questions=asked, limits=limits)
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}, messages(result)


HONEST = {
    "the current folder is removed": (
        (
            "import os\nos.mkdir('out')\nos.chdir('out')\nopen('m', 'w').write('A')\n"
            "def best(): return open('m').read()"
        ),
        "import shutil\nos.chdir('..')\nshutil.rmtree('out')",
    ),
    "the current folder is made again": (
        (
            "import os\nos.mkdir('out')\nos.chdir('out')\nopen('m', 'w').write('A')\n"
            "def best(): return open('m').read()"
        ),
        "import shutil\nos.chdir('..')\nshutil.rmtree('out')\nos.mkdir('out')",
    ),
    "a file becomes a hard link": (
        (
            "import os\nopen('epoch', 'w').write('one')\nopen('best', 'w').write('A')\n"
            "def best(): return open('best').read().replace(open('epoch').read(), '?')"
        ),
        "os.remove('best')\nos.link('epoch', 'best')",
    ),
    "another file cannot be read": (
        (
            "import os\nopen('locked', 'w').close()\nos.chmod('locked', 0)\n"
            "open('best', 'w').write('A')\ndef best(): return open('best').read()"
        ),
        "open('best', 'w').write('B')",
    ),
    "a folder cannot be read": (
        (
            "import os\nos.mkdir('locked')\nos.chmod('locked', 0)\n"
            "open('best', 'w').write('A')\ndef best(): return open('best').read()"
        ),
        "open('best', 'w').write('B')",
    ),
    "the folder itself is closed": (
        (
            "import os\nopen('best', 'w').write('A')\n"
            "def best(): return open('best').read()"
        ),
        "os.chmod('.', 0)",
    ),
    "a link to a temporary folder": (
        (
            "import os\nopen('/tmp/best', 'w').write('A')\n"
            "os.symlink('/tmp/best', 'best')\ndef best(): return open('best').read()"
        ),
        "open('/tmp/best', 'w').write('B')",
    ),
}


@pytest.mark.parametrize(("work", "later"), HONEST.values(), ids=HONEST)
def test_no_later_cell_changes_the_folder(
    runner: Runner, work: str, later: str
) -> None:
    result = run(runner, work, ONE, later, questions=(asking("q1", "A"),))
    assert [one.trace for one in result.questions[0].checks] == [""]


@pytest.mark.parametrize(
    "link",
    [
        "os.symlink('/tmp/z', 'best.pt')",
        (
            "os.mkdir('/tmp/d')\nos.symlink('/tmp/d', 'd')\nos.symlink('d/z', 'best.pt')\n"
            "open('/tmp/d/z', 'w').write('zero')"
        ),
    ],
)
def test_a_link_out_of_the_folder_takes_no_later_work_in(
    runner: Runner, link: str
) -> None:
    work = f"import os\nopen('/tmp/z', 'w').write('zero')\n{link}\n" + READ
    cells = ("from pathlib import Path\n" + work, ONE, SAVE.format("given"))
    result = run(runner, *cells, questions=(asking("q1", "given"),))
    assert scores(result) == {"q1": [0.0]}


SEEKS = """
import os
def find():
    found = []
    for folder, _, names in os.walk("/home/student"):
        for name in names:
            try: found.append(open(os.path.join(folder, name), errors="replace").read())
            except OSError: pass
    return "given" in found
"""


def test_what_lies_aside_is_out_of_reach(runner: Runner) -> None:
    asked = (
        question("q1", "def check(find):\n    assert not find()\n"),
        question("q2", "def check(best):\n    assert best() == 'given'\n"),
    )
    cells = (SEEKS, ONE, SAVE.format("given") + READ + MANY, TWO)
    result = run(runner, *cells, questions=asked)
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}, messages(result)


# Every path that is a place of a mount, and every inode that a walk from the root meets.
LOOKS_AROUND = """
import os, collections
print([line.split()[4] for line in open("/proc/self/mountinfo")])
names = collections.defaultdict(set)
for top, folders, files in os.walk("/"):
    folders[:] = [] if top.startswith(("/proc", "/usr")) else folders
    for name in folders + files:
        try: found = os.lstat(os.path.join(top, name))
        except OSError: continue
        names[found.st_dev, found.st_ino].add(os.path.join(top, name))
print(names[os.stat(".").st_dev, os.stat(".").st_ino])
print(sorted({path for paths in names.values() for path in paths if "best.pt" in path}))
"""


def test_no_path_leads_to_saved_states_or_around_the_mounts(runner: Runner) -> None:
    cells = (SAVE.format("A"), ONE, LOOKS_AROUND)
    result = run(runner, *cells, questions=(asking("q1", "A"),))
    mounts, folder, saved = text(result, 3).splitlines()
    assert "'/home/student/work'" in mounts
    assert "/states" not in mounts
    assert "/.store" not in mounts
    assert "/.shared" not in mounts
    assert folder == "{'/home/student/work'}"
    assert saved == "['/home/student/work/best.pt']"
