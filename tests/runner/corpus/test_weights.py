"""Rows 62 and 66: hostile weights do no harm when they are loaded, in the jail."""

import pytest

from tests.runner.corpus.attack import Attack
from tests.runner.corpus.attacks.weights_loaded import WEIGHTS
from tests.runner.corpus.bench import Bench
from tests.runner.corpus.parameters import attacks

pytestmark = pytest.mark.torch


@attacks(*WEIGHTS)
def test_weights_do_no_harm_where_they_are_loaded(bench: Bench, attack: Attack) -> None:
    bench.run_attack(attack)
