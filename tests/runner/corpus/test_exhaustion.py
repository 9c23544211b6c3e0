"""Rows 68 to 81: a job can exhaust only its own resources, and its end names them."""

import pytest

from tests.runner.corpus.attack import Attack
from tests.runner.corpus.attacks.exhaustion_room import ROOM
from tests.runner.corpus.attacks.exhaustion_work import WORK
from tests.runner.corpus.bench import Bench
from tests.runner.corpus.parameters import attacks

pytestmark = [pytest.mark.torch, pytest.mark.long]


@attacks(*WORK, *ROOM)
def test_a_job_exhausts_only_its_own_resources(bench: Bench, attack: Attack) -> None:
    bench.run_attack(attack)
