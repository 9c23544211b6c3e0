"""Tests find handed-in files under the names that they have beside the notebook."""

import builtins
import gzip
import sqlite3
import sys
from pathlib import Path

import pytest

from runner.host.runner import Runner
from runner.inside.grader.found_files import _HOLDERS
from runner.protocol.jobs import CheckSpec, JobFile, QuestionSpec, TestStyle
from tests.runner.notebooks import (
    job,
    job_file,
    question,
    scores,
    with_many_files,
)

pytestmark = pytest.mark.torch

TABLE = b"id,y\n1,0.5\n2,1.5\n"
FINDING = {
    "open": "assert open('t.csv').readline() == 'id,y\\n'",
    "a descriptor": "assert os.read(os.open('t.csv', os.O_RDONLY), 2) == b'id'",
    "a status": "assert os.path.getsize('t.csv') == 17 and os.access('t.csv', os.R_OK)",
    "a link's status": "assert os.path.lexists('t.csv') and Path('t.csv').lstat().st_size",
    "an absolute path": "assert os.path.isfile(os.path.abspath('t.csv'))",
    "a resolved path": "assert Path('t.csv').resolve().read_bytes()",
    "a joined path": "assert os.path.isfile(os.path.join(os.getcwd(), 't.csv'))",
    "bytes": "assert open(b't.csv').read() and b't.csv' in os.listdir(b'.')",
    "a file in a folder": "assert open('sub/a.txt').read() and os.path.isdir('sub')",
    "numpy's text": "assert np.loadtxt('t.csv', delimiter=',', skiprows=1).sum() == 5",
    "numpy's table": "assert np.genfromtxt('t.csv', delimiter=',', names=True)['y'].sum()"
    " == 2",
    "packed text": "assert np.loadtxt('t.gz', delimiter=',', skiprows=1).sum() == 5",
    "torch": "assert torch.from_file('t.csv', size=4, dtype=torch.uint8).sum() > 0",
    "lines": "import linecache\nassert linecache.getline('t.csv', 1) == 'id,y\\n'",
    "a database": "assert rows(sqlite3.connect('r.db')) == [(1,)]",
    "a database by URI": "assert rows(sqlite3.connect('file:r.db?mode=ro', uri=True)) == "
    "[(1,)]",
    "a database with a journal": "assert rows(sqlite3.connect('w.db')) == [(1,)]",
    "a table of a database": "import pandas as pd\n"
    "assert pd.read_sql('select * from t', sqlite3.connect('r.db')).a[0] == 1",
    "a database in memory": "con = sqlite3.connect(':memory:')\n"
    "sqlite3.connect('r.db').backup(con)\nassert rows(con) == [(1,)]",
    "a database of the test's own": "import tempfile\n"
    "con = sqlite3.connect(os.path.join(tempfile.mkdtemp(), 'own.db'))\n"
    "con.execute('create table t (a)')\nassert rows(con) == []",
    "a folder that is removed": "import shutil, tempfile\nd = tempfile.mkdtemp()\n"
    "shutil.copy('t.csv', d)\nassert os.listdir(d) == ['t.csv']\nshutil.rmtree(d)\n"
    "assert not os.path.exists(d)",
    "glob": "assert sorted(glob.glob('*.db')) == ['r.db', 'w.db']",
    "glob below": "assert glob.glob('**/*.txt', recursive=True) == ['sub/a.txt']",
    "a path's glob": "assert [p.name for p in Path('.').glob('*.csv')] == ['t.csv']",
    "a path's rglob": "assert [str(p) for p in Path().rglob('*.txt')] == ['sub/a.txt']",
    "iterdir": "assert 't.csv' in [p.name for p in Path.cwd().iterdir() if p.is_file()]",
    "listdir": "assert {'t.csv', 'sub'} <= {*os.listdir()} and os.listdir('sub') == "
    "['a.txt']",
    "scandir": "with os.scandir() as found:\n    sizes = {e.name: e.stat().st_size for e in "
    "found}\nassert sizes['t.csv'] == 17",
    "walk": "assert ('./sub', [], ['a.txt']) in list(os.walk('.'))",
    "an open folder": "assert 't.csv' in os.listdir(os.open('.', os.O_RDONLY))",
    "a copy with its attributes": "import shutil, tempfile\n"
    "d = tempfile.mkdtemp()\nshutil.copy2('t.csv', d)\nshutil.copytree('.', d + '/all')\n"
    "assert os.path.isfile(d + '/t.csv') and os.path.isfile(d + '/all/sub/a.txt')",
    "the folder that it lies in": "with contextlib.chdir('sub'):\n    assert open('a.txt').read()"
    "\n    assert os.listdir() == ['a.txt']\nassert open('t.csv').read()",
    "a path that leaves and comes back": "with contextlib.chdir('/'):\n"
    "    assert open(os.path.join(here, 't.csv')).read()",
    "what the test has written elsewhere": "import tempfile\n"
    "with contextlib.chdir(tempfile.mkdtemp()):\n    assert not os.path.exists('t.csv')\n"
    "    np.savetxt('t.csv', [7])\n    assert np.loadtxt('t.csv') == 7 and os.listdir() == "
    "['t.csv']",
    "a database of the test's that is attached": "import tempfile\n"
    "own = os.path.join(tempfile.mkdtemp(), 'own.db')\ncon = sqlite3.connect('r.db')\n"
    "con.execute('attach ? as own', [own])\ncon.execute('create table own.u (b)')\nNone",
    "what the test writes under its name": "open('t.csv', 'w').write('mine')\n"
    "assert open('t.csv').read() == 'mine' and os.path.getsize('t.csv') == 4\n"
    "assert os.listdir().count('t.csv') == 1\nos.remove('t.csv')\n"
    "assert open('t.csv').readline() == 'id,y\\n'",
    "what a library writes under its name": "big = torch.zeros(5000)\n"
    "torch.save(big, 't.csv')\nassert os.path.getsize('t.csv') > 20_000",
    "what numpy writes under its name": "np.save(open('t.csv', 'wb'), [7, 8])\n"
    "assert np.load('t.csv').tolist() == [7, 8]",
    "what is moved to its name": "open('x.txt', 'w').write('moved')\n"
    "os.replace('x.txt', 't.csv')\nassert open('t.csv').read() == 'moved'",
    "what the test has written": "open('own.txt', 'w').close()\n"
    "assert glob.glob('*.txt') == ['own.txt']",
}
FAILING = {
    "a large file": "for p in glob.glob('*.csv'):\n    assert os.path.getsize(p) < 10",
    "a forbidden file": "assert not list(Path('.').rglob('*.db'))",
    "a database that is not there": "sqlite3.connect('other.db')",
    "a database that is not there, by its class": "sqlite3.Connection('other.db')",
    "a refusal that is caught": "try:\n    sqlite3.connect('other.db')\n"
    "except Exception: pass",
    "a database that is attached by its name": "con = sqlite3.connect(':memory:')\n"
    "con.execute('attach ? as got', ['r.db'])",
    "a database that is not there and is attached": "con = sqlite3.connect(':memory:')\n"
    "con.execute(\"attach 'other.db' as got\")",
    "a database that is changed": "sqlite3.connect('r.db').execute('delete from t')",
}
USED = """import contextlib, glob, os, sqlite3
from pathlib import Path
import numpy as np, torch
here = os.getcwd()
def rows(con): return con.execute('select a from t').fetchall()
"""


def handed_in(folder: Path) -> tuple[JobFile, ...]:
    (folder / "t.csv").write_bytes(TABLE)
    (folder / "t.gz").write_bytes(gzip.compress(TABLE))
    (folder / "a.txt").write_text("a")
    for name, mode in (("r.db", "delete"), ("w.db", "wal")):
        con = sqlite3.connect(folder / name)
        con.execute(f"pragma journal_mode={mode}")
        con.executescript("create table t (a); insert into t values (1)")
        con.close()
    names = ("t.csv", "t.gz", "r.db", "w.db")
    return (
        *(job_file(folder / name) for name in names),
        job_file(folder / "a.txt", "sub/a.txt"),
    )


@pytest.mark.parametrize(("checks", "score"), [(FINDING, 1.0), (FAILING, 0.0)])
def test_a_handed_in_file_is_found_by_its_name(
    runner: Runner, tmp_path: Path, checks: dict[str, str], score: float
) -> None:
    script = QuestionSpec(
        key="q1",
        style=TestStyle.SCRIPT,
        checks=tuple(
            CheckSpec(name=name, source=USED + source)
            for name, source in checks.items()
        ),
    )
    spec = job("x = 1", questions=(script,), files=handed_in(tmp_path))
    (outcome,) = runner.run(spec).questions
    found = {check.name: check.score for check in outcome.checks}
    assert found == dict.fromkeys(checks, score)


def test_a_database_is_attached_by_the_path_of_its_file(
    runner: Runner, tmp_path: Path
) -> None:
    source = (
        "import sqlite3\ndef check(files):\n    con = sqlite3.connect(':memory:')\n"
        "    con.execute('attach ? as got', [str(files / 'r.db')])\n"
        "    assert con.execute('select a from got.t').fetchall() == [(1,)]\n"
    )
    questions = (question("q1", source),)
    spec = job("x = 1", questions=questions, files=handed_in(tmp_path))
    assert scores(runner.run(spec)) == {"q1": [1.0]}


def test_no_two_files_have_the_same_time(runner: Runner, tmp_path: Path) -> None:
    """Otherwise a comparison by size and time takes two files for the same."""
    assert scores(runner.run(with_many_files(tmp_path))) == {"q1": [1.0, 0.0]}


def test_every_module_with_python_s_own_open_is_listed() -> None:
    """Tests reach files through such modules too."""
    holders = {
        name
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in LIBRARIES
        and any(value is builtins.open for value in list(vars(module).values()))
    }
    assert holders <= {"builtins", "io", "_io", *_HOLDERS}


LIBRARIES = {*sys.stdlib_module_names, "numpy", "pandas", "torch", "scipy", "PIL"}
