"""Fixtures: a bench for each backend, which stays warm for the whole session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.host.runner import Backend
from tests.runner.corpus import backends
from tests.runner.corpus.bench import Bench
from tests.runner.corpus.places import Places, planted


@pytest.fixture(scope="session")
def places() -> Iterator[Places]:
    """Give the places on the host that attacks aim at."""
    with planted() as places:
        yield places


def _bench(backend: Backend, places: Places, folder: Path) -> Iterator[Bench]:
    reason = backends.why_not(backend)
    if reason:
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch:
        # Keep the zygote: replacing it after so many jobs would look like its death here.
        patch.setattr("runner.host.zygote_pool.MAX_JOBS", 100_000)
        bench = Bench(backend, places, folder)
        yield bench
        bench.close()


@pytest.fixture(scope="session")
def bench(places: Places, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Give the bench of the default backend."""
    yield from _bench(backends.NAMESPACES, places, tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="session")
def bwrap_bench(
    places: Places, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """Give the bench of bubblewrap, which starts a new interpreter for every job."""
    yield from _bench(backends.BWRAP, places, tmp_path_factory.mktemp("bwrap"))
