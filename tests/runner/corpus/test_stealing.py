"""Rows 14, 15 and 27 to 39: no test, label or other person's file is revealed."""

import pytest

from tests.runner.corpus.attack import Attack
from tests.runner.corpus.attacks.stealing_host import HOST
from tests.runner.corpus.attacks.stealing_tests import TESTS
from tests.runner.corpus.bench import Bench
from tests.runner.corpus.parameters import attacks

pytestmark = [pytest.mark.torch, pytest.mark.long]


@attacks(*TESTS, *HOST)
def test_no_secret_is_revealed(bench: Bench, attack: Attack) -> None:
    bench.run_attack(attack)
