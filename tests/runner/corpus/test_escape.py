"""Rows 82 to 101: no notebook gets out of its jail or at its neighbours."""

import pytest

from tests.runner.corpus.attack import Attack
from tests.runner.corpus.attacks.escape_files import FILES
from tests.runner.corpus.attacks.escape_kernel import KERNEL
from tests.runner.corpus.bench import Bench
from tests.runner.corpus.parameters import attacks

pytestmark = pytest.mark.torch


@attacks(*FILES, *KERNEL)
def test_the_jail_holds(bench: Bench, attack: Attack) -> None:
    bench.run_attack(attack)
