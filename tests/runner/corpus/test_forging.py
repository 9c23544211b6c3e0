"""Rows 1 to 26: no notebook earns more than its honest outputs are worth."""

import pytest

from tests.runner.corpus.attack import Attack
from tests.runner.corpus.attacks.forging_answers import ANSWERS
from tests.runner.corpus.attacks.forging_notebook import NOTEBOOK
from tests.runner.corpus.attacks.forging_shell import SHELL
from tests.runner.corpus.attacks.forging_wire import COPY
from tests.runner.corpus.bench import Bench
from tests.runner.corpus.parameters import attacks

pytestmark = [pytest.mark.torch, pytest.mark.long]


@attacks(*SHELL, *ANSWERS, *NOTEBOOK, *COPY)
def test_no_mark_is_forged(bench: Bench, attack: Attack) -> None:
    bench.run_attack(attack)
