"""Backup, restore and upgrade, with the commands of docs/operating.md to the letter."""

import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from storage.store_marker import NAME
from tests.services.portal import free_port
from tests.services.postgres import PostgresServer
from tests.services.processes import Service, wait_until

pytestmark = [
    pytest.mark.long,
    pytest.mark.services,
    pytest.mark.torch,
    pytest.mark.timeout(600),
]
ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs" / "operating.md").read_text()
HASHES = "SELECT sha256 FROM submissions_submittedfile UNION SELECT sha256 FROM courses_revisionfile"


def commands(heading: str) -> list[list[str]]:
    """Return the lines of each console block below this heading, up to the next one."""
    _, _, rest = DOCS.partition(f"\n{heading}\n")
    section = re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]
    blocks = re.findall(r"^```console\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return [re.findall(r"^\$ (.*)$", block, re.MULTILINE) for block in blocks]


class Machine:
    """The code in a folder of its own, with the tests' virtual environment."""

    def __init__(self, folder: Path) -> None:
        self.code = folder / "code"
        self.backup = folder / "backup"
        self.port = free_port()
        self.log = folder / "up.log"
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        found = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True)
        for name in filter(None, found.stdout.decode().split("\0")):
            target = self.code / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_file():
                shutil.copy2(ROOT / name, target)
        (self.code / ".venv").symlink_to(sys.prefix)
        (folder / "tmp").mkdir(mode=0o711)
        folder.chmod(0o711)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "PORT": str(self.port),
        }

    def run(self, lines: list[str]) -> None:
        """Run the lines in a shell that stops at the first fault."""
        script = "\n".join(line.replace("/backup", str(self.backup)) for line in lines)
        done = subprocess.run(
            ["sh", "-ec", script],
            cwd=self.code,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"

    def start(self, line: str) -> Service:
        """Start the portal with this line; return once it says that it is ready."""
        portal = Service(
            "up",
            ["sh", "-c", f"exec {line}"],
            env=self.env,
            cwd=self.code,
            log=self.log,
        )
        portal.wait_ready(lambda: "Ctrl-C stops it" in portal.log(), seconds=120)
        return portal

    def rows(self, query: str) -> list[str]:
        database = sqlite3.connect(self.code / "var" / "softmark.sqlite3")
        with closing(database):
            return [str(row[0]) for row in database.execute(query)]

    def page(self, path: str) -> str:
        """Return the page. Raises HTTPError if the portal answers with an error."""
        address = f"http://localhost:{self.port}{path}"
        with urllib.request.urlopen(address, timeout=20) as answer:
            return str(answer.read().decode())


@pytest.fixture
def machine(short_folder: Path) -> Machine:
    """Give a portal with the demo course, whose work is in the queue."""
    for tool in ("rsync", "sqlite3"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool}: apt-get install {tool}")
    machine = Machine(short_folder)
    machine.run(
        [
            ".venv/bin/python scripts/write_env.py .env",
            ".venv/bin/python manage.py prepare",
            ".venv/bin/python manage.py check_services || true",
        ]
    )
    return machine


def assert_pages_are_whole(machine: Machine) -> None:
    page = machine.page("/accounts/login/")
    (sheet,) = re.findall(r'href="(/static/css/softmark[^"]*\.css)"', page)
    assert machine.page(sheet)


def test_restored_portal_shows_its_pages_and_goes_on_grading(machine: Machine) -> None:
    (backup, _) = commands("## Backup")
    (restore, _) = commands("### Restore")
    notes = machine.code / "var" / "files" / "materials" / "notes.pdf"
    notes.parent.mkdir(parents=True, exist_ok=True)
    notes.write_bytes(b"%PDF-1.7 of a material")
    machine.run(backup)
    before = machine.rows(HASHES)
    marker = (machine.code / "var" / "blobs" / NAME).read_text()
    shutil.rmtree(machine.code / "var")
    (machine.code / ".env").unlink()
    machine.run(restore[:-1])
    assert notes.read_bytes() == b"%PDF-1.7 of a material"
    assert machine.rows(HASHES) == before != []
    for sha256 in before:
        path = machine.code / "var" / "blobs" / sha256[:2] / sha256[2:4] / sha256
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    assert (machine.code / "var" / "blobs" / NAME).read_text() == marker
    portal = machine.start(restore[-1])
    try:
        assert_pages_are_whole(machine)
        ended = "SELECT id FROM grading_gradingrun WHERE state = 'finished'"
        wait_until(lambda: machine.rows(ended), seconds=120, what="a run is finished")
        states = set(machine.rows("SELECT state FROM grading_gradingrun"))
        assert "needs_staff" not in states
    finally:
        portal.stop(seconds=30)


def test_upgraded_portal_shows_its_pages(machine: Machine) -> None:
    install, *upgrade = commands("## Upgrade")
    assert all(line.startswith(".venv/bin/pip install") for line in install)
    # The release before had neither these tables nor these static files.
    machine.run([".venv/bin/python manage.py migrate storage zero"])
    shutil.rmtree(machine.code / "var" / "static")
    for lines in upgrade:
        machine.run(lines)
    portal = machine.start(".venv/bin/python manage.py up")
    try:
        assert_pages_are_whole(machine)
    finally:
        portal.stop(seconds=30)


def test_postgresql_comes_back_from_its_dump(short_folder: Path) -> None:
    """The dump and its restore, with the programs that the server brings."""
    (_, (dump,)) = commands("## Backup")
    (_, (restore,)) = commands("### Restore")
    ask = 'psql --no-psqlrc -qtA --dbname="$DATABASE_URL" -c "$SQL"'
    with PostgresServer() as server:
        base, _, _ = server.url.rpartition("/")

        def shell(line: str, database: str, sql: str = "") -> str:
            done = subprocess.run(
                ["sh", "-ec", line.replace("/backup", str(short_folder))],
                env={
                    "PATH": f"{server.programs}:/usr/bin:/bin",
                    "DATABASE_URL": f"{base}/{database}",
                    "SQL": sql,
                },
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            return done.stdout.strip()

        for name in ("old", "new"):
            shell(ask, "postgres", f"CREATE DATABASE {name}")
        rows = "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n"
        shell(ask, "old", rows)
        shell(dump, "old")
        shell(restore, "new")
        assert shell(ask, "new", "SELECT sum(n) FROM kept") == "500500"
