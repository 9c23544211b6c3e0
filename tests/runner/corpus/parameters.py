"""Marks that run a test once for each attack."""

from collections.abc import Iterator

import pytest

from tests.runner.corpus.attack import Attack


def attacks(*chosen: Attack) -> pytest.MarkDecorator:
    """Return the mark that runs the test once for each attack."""
    return pytest.mark.parametrize(
        "attack",
        [
            pytest.param(attack, id=attack.id, marks=list(_marks(attack)))
            for attack in chosen
        ],
    )


def _marks(attack: Attack) -> Iterator[pytest.MarkDecorator]:
    if attack.needs_gpu:
        yield pytest.mark.gpu
