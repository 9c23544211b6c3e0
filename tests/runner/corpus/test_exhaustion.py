"""Rows 68 to 81: whatever is used up is the job's own, and the end names it."""

import pytest

from tests.runner.corpus.attack import Attack
from tests.runner.corpus.attacks.exhaustion_room import ROOM
from tests.runner.corpus.attacks.exhaustion_work import WORK
from tests.runner.corpus.bench import Bench
from tests.runner.corpus.parameters import attacks

pytestmark = pytest.mark.torch


@attacks(*WORK, *ROOM)
def test_only_the_job_is_exhausted(bench: Bench, attack: Attack) -> None:
    bench.run_attack(attack)
