import os
from collections.abc import Iterator
from unittest import mock

import pytest

from runner.host import Runner

# Not the corpus's variable, which is set in the same process.
VARIABLE = "SOFTMARK_TEST_CANARY"
CANARY = "canary-d41d8cd98f"


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """One warm runner for all tests: a zygote takes seconds to start."""
    with mock.patch.dict(os.environ, {VARIABLE: CANARY}):
        runner = Runner({"default": ""})
        runner.warm_up()
        yield runner
        runner.close()
