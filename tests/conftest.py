"""Fixtures for every test.

Databases. DATABASE_URL chooses: unset means SQLite in a file, `make test-postgres`
(or `python -m tests.services.postgres .venv/bin/pytest …`) means PostgreSQL. Tests
use pytest-django's `db`, or `transactional_db` where real commits matter.

Real processes. `make_portal(**env)` returns a `tests.services.portal.LivePortal`
whose processes share the test's database and var folder, and `live_portal` is one
with the default speed and nothing started. Both imply `transactional_db`.

    @pytest.mark.faults
    def test_killed_worker_gives_back_its_run(live_portal: LivePortal) -> None:
        live_portal.start_broker()
        worker = live_portal.start_worker(WORKER_SLOTS="1")
        run = GradingRunFactory.create()
        wait_until(lambda: state_of(run) == State.RUNNING)
        worker.kill()           # SIGKILL to its whole session
        live_portal.start_worker()
        wait_until(lambda: state_of(run) == State.FINISHED, seconds=30)

`worker.send(signal.SIGSTOP)`, `live_portal.broker.kill()`, `.forget()` (kill and lose
its data), `.start()`, `live_portal.start_web()`, `live_portal.manage("sweep")`,
`live_portal.logs()`. Processes end with the test, and with pytest itself.
`wait_until(condition, seconds=…, what="…")` is in tests.services.processes: nothing
sleeps. `broker` is a real broker alone. Mark such tests `services`, `faults`, or
`e2e` for a browser.

Browser. `page`, `context` and `browser` are pytest-playwright's, on the system's
Chromium, or a skip that says why. `live_portal.url` is where to go. With them the
ORM is allowed although Playwright runs an event loop in the thread.

Queries. `with assert_max_queries(12): client.get(url)` prints the queries if more.

Time. Use time-machine's `time_machine` fixture (`time_machine.move_to(…)`), or pass
`now`. It moves this process's clock only, never the live processes'.

Mail is in pytest-django's `mailoutbox`. Warnings are errors; on_commit hooks run
under `django_capture_on_commit_callbacks(execute=True)`, or `transactional_db`.
"""

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.services.broker import Broker
from tests.services.portal import LivePortal
from tests.services.postgres import THROWN_AWAY

CHROMIUM_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
TESTS: Final = Path(__file__).parent
ONE_AT_A_TIME: Final = ("services", "faults", "e2e", "torch")
# Every test and its parameters stay in memory. Each full look through them for garbage
# took half a second, and all of them together a fifth of the processor time.
gc.set_threshold(20_000, 50, 100)
# The time of one example depends on how busy the machine is.
hypothesis.settings.register_profile("softmark", deadline=None)
hypothesis.settings.load_profile("softmark")

live_portals = pytest.StashKey[list[LivePortal]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only",
        action="store_true",
        help="only the tests that use the database: a second run, on another database",
    )
    parser.addoption(
        "--long",
        action="store_true",
        help="only the tests marked `long`, which are left out otherwise",
    )
    parser.addoption(
        "--with-long",
        action="store_true",
        help="leave no test out because it is marked `long`",
    )
    parser.addoption(
        "--second-run",
        action="store_true",
        help="most tests that use the database, on another one, and those marked `long`",
    )


def is_long(item: pytest.Item) -> bool:
    return item.get_closest_marker("long") is not None


def uses_database(item: pytest.Item) -> bool:
    """Return whether the test reads or writes rows, by its mark or its fixtures.

    Tests about pages or the runner that take a minute are marked `one_database`.
    """
    if item.get_closest_marker("one_database") is not None:
        return False
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or bool(
        {"db", "transactional_db", "django_db_setup"} & set(fixtures)
    )


def is_in_second_run(item: pytest.Item) -> bool:
    """Return whether the test runs on SQLite too, or is long.

    Faults of the platform are tried on PostgreSQL alone: `make test-long` does so. The
    API asks the same querysets as the pages do.
    """
    if TESTS / "faults" in item.path.parents:
        return is_long(item) and not uses_database(item)
    is_of_api = TESTS / "api" in item.path.parents
    return is_long(item) or (uses_database(item) and not is_of_api)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Put each folder's tests of real processes on one xdist worker; apply the options.

    Under `--dist loadgroup` such tests run one after another and share warm processes,
    and the larger groups start first. All other tests are quick, or mostly wait, as
    those of tests/faults, which are marked later; they run on any free worker.
    """
    for item in items:
        is_spread = item.get_closest_marker("spread") is not None
        if not is_spread and any(map(item.get_closest_marker, ONE_AT_A_TIME)):
            folder = item.path.relative_to(TESTS).parent
            item.add_marker(pytest.mark.xdist_group(folder.as_posix()))
    if config.getoption("--second-run"):
        kept = [item for item in items if is_in_second_run(item)]
    elif config.getoption("--with-long"):
        kept = list(items)
    else:
        wants_long = bool(config.getoption("--long"))
        kept = [item for item in items if is_long(item) == wants_long]
    if config.getoption("--database-only"):
        kept = [item for item in kept if uses_database(item)]
    chosen = set(kept)
    config.hook.pytest_deselected(items=[i for i in items if i not in chosen])
    items[:] = kept


def pytest_collection_finish() -> None:
    """Leave what was loaded by now out of garbage collection."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the database at the end of the log."""
    terminalreporter.write_line(f"database: {connection.vendor}")


@pytest.fixture(scope="session")
def django_db_use_migrations() -> bool:
    """Make the tables from the models: migrating takes ten seconds in each process.

    tests/portal/test_migrations.py says that the migrations make the same tables.
    """
    return False


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:  # noqa: FBT001  pytest-django's
    """Drop no database of a server that ends with the tests.

    It cannot be dropped while the server still closes the connection of a process that
    was killed, and dropping takes a second for each test process.
    """
    return django_db_keepdb or THROWN_AWAY in os.environ


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Give a folder whose path is short enough for a socket in it."""
    folder = Path(tempfile.mkdtemp(prefix="sm-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def broker(short_folder: Path) -> Iterator[Broker]:
    """Give a running broker, which ends with the test."""
    broker = Broker(short_folder)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def make_portal(
    transactional_db: None, request: pytest.FixtureRequest
) -> Iterator[Callable[..., LivePortal]]:
    """Give a function that makes a portal of real processes with these variables."""
    portals: list[LivePortal] = []
    request.node.stash[live_portals] = portals

    def make(**env: str) -> LivePortal:
        folder = Path(tempfile.mkdtemp(prefix="sm-"))
        portals.append(LivePortal(folder, env))
        return portals[-1]

    yield make
    for portal in portals:
        portal.stop()
        shutil.rmtree(portal.folder, ignore_errors=True)
    # A test may have cut our connections; cleaning up the tables needs new ones.
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]  # of PostgreSQL's backend


@pytest.fixture
def live_portal(make_portal: Callable[..., LivePortal]) -> LivePortal:
    """Give a portal with the default variables; the test starts its processes."""
    return make_portal()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add the processes' logs to the report of a test that failed."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for portal in item.stash.get(live_portals, []):
            report.sections.append(("logs of the live portal", portal.logs()))


@pytest.fixture
def assert_max_queries() -> Callable[[int], AbstractContextManager[None]]:
    """Give a context manager that fails when more queries than allowed were made."""

    @contextmanager
    def check(most: int) -> Iterator[None]:
        # SQLite is asked once for each process whether it knows JSON.
        assert connection.features.supports_json_field
        with CaptureQueriesContext(connection) as captured:
            yield
        listing = "\n".join(query["sql"] for query in captured.captured_queries)
        assert len(captured) <= most, f"{len(captured)} queries, not {most}:\n{listing}"

    return check


def chromium_path() -> str | None:
    """Return the system's Chromium, or the one that CHROMIUM names."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the system's Chromium, or skip with a reason if there is none."""
    path = chromium_path()
    if path is None:
        pytest.skip(
            "no Chromium: apt-get install chromium, or set CHROMIUM to its path"
        )
    # Playwright runs an event loop in this thread, which Django mistakes for async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return {"executable_path": path, "args": list(CHROMIUM_FLAGS)}
