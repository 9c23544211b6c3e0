"""The real portal for tests: broker, gunicorn and Celery workers, each killable.

The processes share the test's own database and folder, so a test makes rows with the
factories, lets the processes act, and reads the outcome through the ORM.
"""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection

from tests.services.broker import Broker
from tests.services.hosts import Host
from tests.services.processes import Service

# Short enough that a test sees a lease expire; every one can be set by the test.
SPEED: Final = {
    "LEASE_SECONDS": "4",
    "HEARTBEAT_SECONDS": "0.5",
    "POLL_SECONDS": "0.2",
    "SWEEP_SECONDS": "0.3",
    "WAKE_AGAIN_SECONDS": "2",
}


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def database_url() -> str:
    """Return the address of the database that this test uses."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    return f"{base}/{name}"


class LivePortal:
    """The portal's processes for one test. Nothing runs until it is started."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.broker = Broker(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.web: Service | None = None
        self.workers: list[Service] = []
        # Killed workers leave their jobs' files here. Users of jobs must be able to enter it.
        self.folder.chmod(0o711)
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTEST")},
            "TMPDIR": str(folder),
            **SPEED,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "SOFTMARK_TEST_VAR": str(settings.VAR_DIR),
            "DATABASE_URL": database_url(),
            "BROKER_URL": self.broker.url,
            "SITE_URL": self.url,
            "PORT": str(self.port),
            # Each process of the web server needs seconds to start.
            "WEB_PROCESSES": "1",
            "LOG_LEVEL": "INFO",
            "PYTHONUNBUFFERED": "1",
            "COVERAGE_PROCESS_START": "",
            **env,
        }

    def start_broker(self) -> Broker:
        """Serve wake-ups, with the data that an earlier life of the broker stored."""
        self.broker.start()
        return self.broker

    def start_web(self) -> Service:
        """Serve pages at `url`."""
        web = self.launch_web()
        web.wait_ready(self._web_answers)
        return web

    def launch_web(self) -> Service:
        """Start the web server, and do not wait until it is ready."""
        command = ["gunicorn", "-c", str(settings.BASE_DIR / "portal" / "gunicorn.py")]
        self.web = self._start("web", [*command, "portal.wsgi"])
        return self.web

    def start_worker(
        self, options: Sequence[str] = (), *, host: Host | None = None, **env: str
    ) -> Service:
        """Start one more Celery worker, with these variables set; return when ready.

        With `host`, it runs there.
        """
        name = f"worker{len(self.workers) + 1}"
        ready = self.folder / f"{name}.ready"
        command = ["celery", "-q", "--skip-checks", "-A", "portal", "worker"]
        worker = self._start(
            name,
            [*command, "-n", f"{name}@%h", *options],
            {**env, "SOFTMARK_READY_FILE": str(ready)},
            host,
        )
        self.workers.append(worker)
        worker.wait_ready(ready.exists)
        return worker

    def start_all(self) -> None:
        """Start the broker, the web server and one worker."""
        self.start_broker()
        self.start_web()
        self.start_worker()

    def manage(self, *arguments: str) -> str:
        """Run a management command as an operator would; return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(f"manage.py {arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def stop(self) -> None:
        """End all processes that still run, the broker last."""
        for service in [*self.workers, self.web]:
            if service is not None:
                service.stop(seconds=5)
        self.broker.stop()

    def logs(self) -> str:
        """Return the end of every process's log, for a failing test's report."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            tail = path.read_text(errors="replace")[-4000:]
            parts.append(f"--- {path.name}\n{tail}")
        return "\n".join(parts)

    def _start(
        self,
        name: str,
        module: list[str],
        env: Mapping[str, str] | None = None,
        host: Host | None = None,
    ) -> Service:
        command = [sys.executable, "-m", *module]
        return Service(
            name,
            host.command(command) if host is not None else command,
            env={**self.env, **(env or {})},
            cwd=settings.BASE_DIR,
            log=self.folder / f"{name}.log",
        )

    def _web_answers(self) -> bool:
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with closing(asking), suppress(OSError, http.client.HTTPException):
            asking.request("GET", "/healthz")
            return asking.getresponse().status < 500
        return False
