"""Benches: one for each backend, warm for the whole session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.host.runner import Backend
from tests.runner.corpus import backends
from tests.runner.corpus.bench import Bench
from tests.runner.corpus.places import Places, planted


@pytest.fixture(scope="session")
def places() -> Iterator[Places]:
    """What attacks aim at, on the host."""
    with planted() as places:
        yield places


def _bench(backend: Backend, places: Places, folder: Path) -> Iterator[Bench]:
    reason = backends.why_not(backend)
    if reason:
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch:
        # A zygote is replaced after so many jobs; here that would look like its death.
        patch.setattr("runner.host.zygote_pool.MAX_JOBS", 100_000)
        bench = Bench(backend, places, folder)
        yield bench
        bench.close()


@pytest.fixture(scope="session")
def bench(places: Places, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The default backend."""
    yield from _bench(backends.NAMESPACES, places, tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="session")
def bwrap_bench(
    places: Places, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """The other backend, which starts a new interpreter for every job."""
    yield from _bench(backends.BWRAP, places, tmp_path_factory.mktemp("bwrap"))
