"""The four programs that `manage.py up` runs, in the order in which they start."""

import http.client
import sys
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from portal.supervisor import broker_process
from portal.supervisor.children import Program
from portal.supervisor.sign_of_life import SignOfLife


def run_dir() -> Path:
    """Return the folder of sockets and locks, which only its owner may enter."""
    folder: Path = settings.VAR_DIR / "run"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def programs() -> list[Program]:
    """Return the programs to run, without a broker if BROKER_URL names another."""
    own = broker_program()
    return [*([own] if own else []), web_program(), worker_program(), beat()]


def broker_program() -> Program | None:
    """Return our own broker, or None if BROKER_URL names another one."""
    path = run_dir() / "broker.sock"
    if broker_process.socket_of(settings.BROKER_URL) != path:
        return None
    data = settings.VAR_DIR / "broker"
    data.mkdir(mode=0o700, exist_ok=True)
    return Program(
        name="broker",
        command=tuple(broker_process.server_command(path, data)),
        ready=lambda: broker_process.answers(path),
        hidden=broker_process.HARMLESS,
    )


def web_program() -> Program:
    """Return gunicorn with its processes and threads."""
    config = Path(settings.BASE_DIR) / "portal" / "gunicorn.py"
    return Program(
        name="web",
        command=(sys.executable, "-m", "gunicorn", "-c", str(config), "portal.wsgi"),
        env={
            "BIND": settings.BIND,
            "PORT": str(settings.PORT),
            "PYTHONUNBUFFERED": "1",
        },
        ready=web_answers,
        stop_seconds=10,
    )


def worker_program() -> Program:
    """Return the Celery worker; its pool and slots come from the settings."""
    ready = run_dir() / "worker.ready"
    sign = SignOfLife(run_dir() / "worker.alive")

    def before() -> None:
        ready.unlink(missing_ok=True)
        sign.begin()

    return Program(
        name="worker",
        command=(*celery(), "worker", "-n", "worker@%h"),
        env={
            "SOFTMARK_READY_FILE": str(ready),
            "SOFTMARK_ALIVE_FILE": str(sign.path),
            "PYTHONUNBUFFERED": "1",
        },
        before=before,
        # Pages answer at once also while everybody's work is being marked.
        niceness=5,
        ready=ready.exists,
        alive=sign.is_there,
        stop_seconds=10,
    )


def beat() -> Program:
    """Return Celery beat, which tells the worker of periodic work."""
    return Program(
        name="beat",
        command=(*celery(), "beat", "--pidfile="),
        env={"PYTHONUNBUFFERED": "1"},
        stop_seconds=5,
    )


def celery() -> tuple[str, ...]:
    # The checks import every page and so the whole web: `up` has run them already.
    return (sys.executable, "-m", "celery", "-q", "--skip-checks", "-A", "portal")


def web_answers() -> bool:
    """Return whether the web server answers a request, and Django with it."""
    here = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104
    bind = settings.BIND.strip("[]")
    site = urlsplit(settings.SITE_URL).netloc
    connection = http.client.HTTPConnection(
        here.get(bind, bind), settings.PORT, timeout=2
    )
    try:
        connection.request("GET", "/healthz", headers={"Host": site})
        return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
