from collections.abc import Iterator

import pytest

from runner.host.runner import Runner


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """Give one warm runner for a file's tests: a zygote takes seconds to start."""
    runner = Runner({"default": ""})
    yield runner
    runner.close()
