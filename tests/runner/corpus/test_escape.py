"""Rows 82 to 101: no notebook leaves its jail or reaches its neighbours."""

import pytest

from tests.runner.corpus.attack import Attack
from tests.runner.corpus.attacks.escape_files import FILES
from tests.runner.corpus.attacks.escape_kernel import KERNEL
from tests.runner.corpus.bench import Bench
from tests.runner.corpus.parameters import attacks

pytestmark = [pytest.mark.torch, pytest.mark.long]


@attacks(*FILES, *KERNEL)
def test_no_notebook_leaves_its_jail(bench: Bench, attack: Attack) -> None:
    bench.run_attack(attack)
