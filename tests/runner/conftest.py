from collections.abc import Iterator

import pytest

from runner.host import Runner


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """One warm runner for all tests: a zygote takes seconds to start."""
    runner = Runner({"default": ""})
    yield runner
    runner.close()
