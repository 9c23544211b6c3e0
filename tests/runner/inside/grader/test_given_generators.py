"""A generator that a test gives is repeated if its seed is written; none is rewound."""

import pickle
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from runner.inside.values.codec import CodecError
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch

Make = Callable[[int], Any]
MAKERS: dict[str, Make] = {
    "python's": random.Random,
    "numpy's old": np.random.RandomState,
    "numpy's": np.random.default_rng,
    "numpy's by Mersenne": lambda seed: np.random.Generator(np.random.MT19937(seed)),
    "bits": np.random.PCG64,
    "a sequence of seeds": np.random.SeedSequence,
    "torch's": lambda seed: torch.Generator().manual_seed(seed),
}
every_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def draw(generator: Any) -> float:
    """Return the next number of the generator."""
    match generator:
        case torch.Generator():
            return float(torch.rand((), generator=generator))
        case np.random.SeedSequence():
            return int(generator.spawn(1)[0].generate_state(1)[0])
        case np.random.BitGenerator():
            return int(generator.random_raw())
    return float(generator.random())


def state(generator: Any) -> str:
    """Return the generator's whole state as text."""
    match generator:
        case torch.Generator():
            return str(generator.get_state().tolist())
        case np.random.RandomState():
            return str(generator.get_state()[1].tolist())  # type: ignore[index]  # a tuple
        case np.random.Generator():
            return state(generator.bit_generator)
        case np.random.SeedSequence():
            return str(generator.state)
        case np.random.BitGenerator():
            return str(pickle.dumps(generator.state))
    return str(generator.getstate())


NAMES = {"draw": draw, "state": state, "both": lambda a, b: (draw(a), draw(b))}


@every_kind
def test_a_generator_with_a_written_seed_is_repeated(make: Make) -> None:
    with student_with(NAMES, test="generator = make(7)") as student:
        assert student.name("draw")(make(7)) == draw(make(7))


@every_kind
def test_a_given_generator_moves_on_in_the_test(make: Make) -> None:
    own = make(7)
    with student_with(NAMES, test="7") as student:
        drawn = [student.name("draw")(own) for _ in range(3)]
    assert len({*drawn, draw(own)}) == 4


@every_kind
def test_other_generators_are_sent_without_their_state(make: Make) -> None:
    """These have drawn numbers, or their seed is not written in the test."""
    drawn = make(7)
    draw(drawn)
    with student_with(NAMES, test="make(7)") as student:
        for own in (drawn, make(8)):
            told = student.name("state")(own)
            assert told not in (state(own), state(make(7)), state(make(8)))


@every_kind
def test_the_same_draws_give_the_same_generator(make: Make) -> None:
    """The same secret of a run so gives the same marks."""
    with student_with(NAMES) as student:
        first, second = (student.name("draw")(make(3)) for _ in range(2))
        assert first == second != student.name("draw")(make(4))


def test_a_generator_within_a_library_s_object_is_replaced() -> None:
    own = np.random.RandomState(5)
    pytest.importorskip("sklearn")
    from sklearn.dummy import DummyClassifier  # noqa: PLC0415 - only where there is one

    given = DummyClassifier(random_state=own)
    names = {"told": lambda model: state(model.random_state)}
    with student_with(names) as student:
        before = state(own)
        assert student.name("told")(given) not in (before, state(own))


def test_the_replacement_s_seed_does_not_reveal_the_generator() -> None:
    """Many such seeds would otherwise reveal the whole state."""
    own, same = random.Random(5), random.Random(5)  # noqa: S311 - to be told again
    with student_with({"told": lambda one: one.getrandbits(256)}) as student:
        told = student.name("told")(own)
    bits = same.randbytes(32)
    guesses = (bits, int.from_bytes(bits), int.from_bytes(bits, "little"))
    assert told not in [random.Random(one).getrandbits(256) for one in guesses]  # noqa: S311 - same


def test_seeds_of_a_range_written_in_the_test_count_as_written() -> None:
    with student_with(NAMES, test="for seed in range(2, 5): f(seed)") as student:
        given = [student.name("draw")(random.Random(seed)) for seed in range(7)]  # noqa: S311 - same
    own = [draw(random.Random(seed)) for seed in range(7)]  # noqa: S311 - same
    assert [a == b for a, b in zip(given, own, strict=True)] == [
        *(False, False, True, True, True, True, False)
    ]


def test_a_sequence_that_can_be_rewound_is_refused_by_name() -> None:
    sequence = torch.quasirandom.SobolEngine(2, scramble=True)
    with (
        student_with(NAMES) as student,
        pytest.raises(CodecError, match="SobolEngine cannot be given"),
    ):
        student.name("draw")(sequence)
