"""A question finds everything that a job can write to as it was at its check cell."""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import Limits
from tests.runner.notebooks import cell, job, messages, question, scores

pytestmark = pytest.mark.torch

CHECKS = [cell(f"# softmark: check q{number}") for number in (1, 2)]
GIVEN = "open('best.pt', 'w').write('given')"
READ = "def best(): return open('best.pt').read()\n"

# What the student writes above the check cell, so that the given cell does the work.
LINKS = {
    "nothing behind it": "os.symlink('/tmp/z', 'best.pt')",
    "an open descriptor": (
        "os.dup2(os.open('/tmp/z', os.O_RDWR | os.O_CREAT), 200)\n"
        "os.symlink('/proc/self/fd/200', 'best.pt')"
    ),
    "a closed folder": (
        "os.mkdir('/tmp/d')\nos.chmod('/tmp/d', 0)\nos.symlink('/tmp/d/z', 'best.pt')"
    ),
    "shared memory": "os.symlink('/dev/shm/z', 'best.pt')",
    "the home folder": "os.symlink('/home/student', 'h')\nos.symlink('h/z', 'best.pt')",
    "a circle beside it": (
        "os.makedirs('/tmp/d')\nos.symlink('/tmp/d', '/tmp/d/e')\n"
        "os.symlink('/tmp/d', 'circle')"
    ),
}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_no_link_takes_later_work_in(runner: Runner, link: str) -> None:
    open_folder = "if os.path.exists('/tmp/d'): os.chmod('/tmp/d', 0o700)\n"
    cells = (f"import os\n{link}\n{READ}", CHECKS[0], open_folder + GIVEN)
    asked = (question("q1", "def check(best):\n    assert best() == 'given'\n"),)
    assert scores(runner.run(job(*cells, questions=asked))) == {"q1": [0.0]}


# A notebook, what a later cell does, and a test that holds right after the first cell.

HONEST = {
    "a link is a link": (
        (
            "import os\nos.mkdir('/tmp/data')\nos.symlink('/tmp/data', 'data')\n"
            "def save(x): open('data/x', 'w').write(x)\n"
            "def load(): return open('/tmp/data/x').read(), os.readlink('data')"
        ),
        "os.remove('data')",
        "def check(save, load):\n    save('hi')\n    assert load() == ('hi', '/tmp/data')",
    ),
    "a circle of links": (
        (
            "import os\nos.makedirs('/tmp/env')\nos.symlink('/tmp/env', '/tmp/env/lib64')\n"
            "os.symlink('/tmp/env', 'env')\nopen('best', 'w').write('A')\n"
            "def best(): return open('best').read()"
        ),
        "open('best', 'w').write('B')",
        "def check(best):\n    assert best() == 'A'",
    ),
    "a file in a temporary folder": (
        (
            "open('/var/tmp/best', 'w').write('A')\n"
            "def best(): return open('/var/tmp/best').read()"
        ),
        "open('/var/tmp/best', 'w').write('B')",
        "def check(best):\n    assert best() == 'A'",
    ),
    "70 levels": (
        (
            "import os, shutil\nos.makedirs('/'.join(['deep'] + ['a'] * 70))\n"
            "open('best', 'w').write('A')\n"
            "def best(): return open('best').read(), len(list(os.walk('deep')))"
        ),
        "shutil.rmtree('deep'); open('best', 'w').write('B')",
        "def check(best):\n    assert best() == ('A', 71)",
    ),
    "a log file is removed": (
        (
            "import logging, os\n"
            "logging.basicConfig(filename='app.log', level='INFO', force=True)\n"
            "logging.info('start')\n"
            "def record(x): logging.info(x); return len(open('app.log').readlines())"
        ),
        "os.remove('app.log')",
        "def check(record):\n    assert record('hi') == 2",
    ),
    "a log file is rotated": (
        (
            "import logging.handlers\nlog = logging.getLogger('rot'); log.setLevel('INFO')\n"
            "log.addHandler(logging.handlers.RotatingFileHandler("
            "'app.log', maxBytes=200, backupCount=2))\nlog.propagate = False\n"
            "def write(x): log.info(x); return open('app.log').read().split()\nwrite('start')"
        ),
        "for n in range(30): write(f'message {n}')",
        "def check(write):\n    assert write('hi') == ['start', 'hi']",
    ),
    "a database is closed and removed": (
        (
            "import sqlite3, os\ncon = sqlite3.connect('shop.db')\n"
            "con.execute('create table t (x)'); con.execute('insert into t values (1)')\n"
            "con.commit()\n"
            "def total(): return con.execute('select sum(x) from t').fetchone()[0]"
        ),
        "con.close(); os.remove('shop.db')",
        "def check(total):\n    assert total() == 1",
    ),
    "a database in WAL mode": (
        (
            "import sqlite3, time\ncon = sqlite3.connect('bank.db')\n"
            "con.execute('PRAGMA journal_mode=WAL'); con.execute('create table t (x int)')\n"
            "con.execute('insert into t values (100)'); con.commit(); time.sleep(.1)\n"
            "def take(x):\n    con.execute('update t set x = x - ?', (x,)); con.commit()\n"
            "def left(): return con.execute('select x from t').fetchone()[0]"
        ),
        "for _ in range(20): take(1)",
        (
            "def check(take, left):\n    assert left() == 100\n    take(30)\n"
            "    assert left() == 70"
        ),
    ),
    "a mapped file": (
        (
            "import numpy as np, time\n"
            "m = np.memmap('m', dtype='float32', mode='w+', shape=(10, 4))\n"
            "m[:] = 1; m.flush(); time.sleep(.1)\n"
            "def total(): return float(np.memmap('m', dtype='float32', mode='r').sum())"
        ),
        "m[5:] = 2",
        "def check(total):\n    assert total() == 40",
    ),
    "a mapped file is removed": (
        (
            "import numpy as np, os\n"
            "m = np.memmap('m', dtype='float32', mode='w+', shape=(10, 4))\n"
            "def change(x):\n"
            "    m[0] = x\n"
            "    return float(np.memmap('m', dtype='float32', mode='r')[0])"
        ),
        "os.remove('m')",
        "def check(change):\n    assert change(5) == 5",
    ),
    "a block of shared memory is removed": (
        (
            "from multiprocessing.shared_memory import SharedMemory\n"
            "block = SharedMemory('block', create=True, size=10); block.buf[0] = 1\n"
            "def other():\n    again = SharedMemory('block'); return again.buf[0]"
        ),
        "block.buf[0] = 2\nblock.unlink()",
        "def check(other):\n    assert other() == 1",
    ),
    "the newest file": (
        (
            "import glob, os, time\n"
            "for n in (2, 0, 1): open(f'c{n}', 'w').write('x'); time.sleep(.02)\n"
            "def newest(): return max(glob.glob('c*'), key=os.path.getctime)"
        ),
        "for n in (0, 1, 2): open(f'c{n}', 'w').write('later')",
        "def check(newest):\n    assert newest() == 'c1'",
    ),
    "the newest folder": (
        (
            "import os, time, shutil\nfrom pathlib import Path\n"
            "def run(name):\n"
            "    Path('runs', name).mkdir(parents=True); time.sleep(.02)\n"
            "    Path('runs', name, 'model').write_text(name); time.sleep(.02)\n"
            "run('b'); run('a')\n"
            "def newest(): return max(Path('runs').iterdir(), key=os.path.getmtime).name"
        ),
        "shutil.rmtree('runs')",
        "def check(newest):\n    assert newest() == 'a'",
    ),
    "times of access": (
        (
            "import os\n"
            "for n in 'abc': open(n, 'w').close(); os.utime(n, (1000 + ord(n), 5000))\n"
            "os.utime('a', (9000, 5000))\n"
            "def oldest(): return min('abc', key=os.path.getatime)"
        ),
        "for n in 'abc': open(n, 'w').write(n)",
        "def check(oldest):\n    assert oldest() == 'b'",
    ),
    "the order of a listing": (
        (
            "import os, shutil\nos.mkdir('d')\n"
            "for n in range(6): open(f'd/{n}', 'w').close()\nbefore = os.listdir('d')\n"
            "def same(): return os.listdir('d') == before"
        ),
        "shutil.rmtree('d')",
        "def check(same):\n    assert same()",
    ),
    "a file with holes": (
        (
            "import os\nwith open('sparse', 'wb') as f: f.truncate(50 << 20)\n"
            "def used(): return os.stat('sparse').st_blocks * 512"
        ),
        "open('sparse', 'r+b').write(b'x')",
        "def check(used):\n    assert used() < 100_000",
    ),
    "a named pipe": (
        (
            "import os, threading\nos.mkfifo('pipe')\n"
            "def talk(x):\n"
            "    t = threading.Thread(target=lambda: open('pipe', 'w').write(x)); t.start()\n"
            "    with open('pipe') as f: y = f.read()\n"
            "    t.join(); return y"
        ),
        "os.remove('pipe')",
        "def check(talk):\n    assert talk('hi') == 'hi'",
    ),
}


@pytest.mark.parametrize(("work", "later", "test"), HONEST.values(), ids=HONEST)
def test_no_later_cell_changes_what_a_question_finds(
    runner: Runner, work: str, later: str, test: str
) -> None:
    asked = (question("q1", test + "\n"),)
    result = runner.run(job(work, CHECKS[0], later, questions=asked))
    assert scores(result) == {"q1": [1.0]}, messages(result)


def test_a_mapped_file_that_was_released_again_is_seen(runner: Runner) -> None:
    """Nothing tells of the change of a page that was read before, except the mapping."""
    work = (
        "import mmap, time\nopen('m', 'wb').write(bytes(8192)); time.sleep(.1)\n"
        "def first(): return open('m', 'rb').read(1)[0]\n"
        "def change(value):\n"
        "    with open('m', 'r+b') as file, mmap.mmap(file.fileno(), 0) as shared:\n"
        "        shared[:]; shared[0] = value\n"
        "first(); time.sleep(.1)\n"
    )
    asked = tuple(
        question(f"q{one}", f"def check(first):\n    assert first() == {one - 1}\n")
        for one in (1, 2)
    )
    cells = (work, CHECKS[0], "change(1)\ntime.sleep(.1)", CHECKS[1], "change(2)")
    result = runner.run(job(*cells, questions=asked))
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}, messages(result)


def test_cells_that_run_again_find_the_temporary_folder_as_it_was_at_first(
    runner: Runner,
) -> None:
    """Each snapshot takes so much memory that some must be made again."""
    work = (
        "import os, numpy as np\nos.mkdir('/tmp/out')\na = np.ones(150 * 125_000)\n"
        "def f(): return float(a[0])"
    )
    cells: list[object] = [work, CHECKS[0]]
    for number in range(2, 7):
        cells += ["a += 1", cell(f"# softmark: check q{number}")]
    asked = tuple(
        question(f"q{one}", f"def check(f):\n    assert f() == {one}\n")
        for one in range(1, 7)
    )
    limits = Limits(memory_bytes=512 << 20)
    result = runner.run(job(*cells, questions=asked, limits=limits))  # type: ignore[arg-type]  # cells
    assert all(one == [1.0] for one in scores(result).values()), messages(result)
