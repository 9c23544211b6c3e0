"""The random generators that go to the student's process in place of a test's own.

SECURITY: a generator's state can be wound back to everything that the test has drawn
from it, and determines what it will draw. So the student's code gets another generator,
which starts from a hash of what the test's own draws next. A generator is sent as it is
only if nothing has been drawn from it and its seed stands in the test's text: whoever
knows the seed knows it anyway, and a reference in the test can repeat its draws.
"""

import hashlib
import pickle
import random
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import numpy as np
import torch

from runner.inside.grader.generators import torch_generator
from runner.inside.values.codec import CodecError

_BYTES: Final = 32
# The seeds of Python's generators are found by trying this many numbers of a test.
_TRIED: Final = 1000
_WORDS: Final = 624
# Engines that draw a fixed sequence and can be reset to its start at any time.
_SEQUENCES: Final = frozenset(("SobolEngine", "QMCEngine"))
_Torch: Final = torch.Generator
_BIT_GENERATORS: Final = (
    *(np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937),
    *(np.random.Philox, np.random.SFC64),
)


def seed_in_place_of(generator: Any, written: Collection[int]) -> tuple[int, bool]:
    """Return the seed to give in place of the generator, and whether it is its own.

    This draws from the generator. The seed is its own if nothing had been drawn yet and
    the seed is in `written`, the numbers that stand in the test's text.
    """
    kind = _Torch if isinstance(generator, _Torch) else type(generator)
    draw, possible = _KINDS[kind]
    fresh = [
        seed for seed in possible(generator, written) if _is_fresh(generator, seed)
    ]
    # Drawn in any case, so that this generator does not repeat what the student's code
    # draws.
    key = kind.__name__.encode() + b"\0" + draw(generator)
    if fresh:
        return fresh[0], True
    return int.from_bytes(hashlib.sha256(key).digest()), False


def reduced(value: Any, written: Collection[int]) -> Any:
    """Return how the student's process makes its own generator, or None for other values.

    Raises CodecError for an object that cannot be given.
    """
    names = {one.__name__ for one in type(value).__mro__}
    if names & _SEQUENCES:
        raise CodecError(
            f"a {type(value).__name__} cannot be given to the student's code, which could "
            "reset it and repeat what your test drew. Give the points that it draws"
        )
    if isinstance(value, np.random.Generator):
        return np.random.Generator, (value.bit_generator,)
    if isinstance(value, _Torch):
        return _torch_s(value, written).__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    if type(value) not in _KINDS:
        return None
    seed, is_own = seed_in_place_of(value, written)
    if isinstance(value, np.random.RandomState) and not is_own:
        words = np.frombuffer(seed.to_bytes(_BYTES), dtype="<u4")
        return np.random.RandomState, (words.tolist(),)
    return type(value), (seed,)


def _torch_s(generator: Any, written: Collection[int]) -> torch.Generator:
    if generator.device.type != "cpu":
        raise CodecError(
            "a generator on a GPU cannot be given to the student's code: give one on the "
            "CPU"
        )
    seed, is_own = seed_in_place_of(generator, written)
    if is_own:
        return _Torch().manual_seed(seed)
    return torch_generator(seed.to_bytes(_BYTES))


# --- Whether a generator is as its seed has left it ----------------------------------


def _is_fresh(generator: Any, seed: int) -> bool:
    is_torch_s = isinstance(generator, _Torch)
    new: Any = _Torch().manual_seed(seed) if is_torch_s else type(generator)(seed)
    return _state(new) == _state(generator)


def _state(generator: Any) -> object:
    """Return all that decides what the generator draws, in a form that compares."""
    match generator:
        case random.Random():
            return generator.getstate()
        case np.random.RandomState():
            return pickle.dumps(generator.get_state(legacy=False))
        case np.random.SeedSequence():
            return generator.state
        case np.random.BitGenerator():
            return pickle.dumps(generator.state)
    return generator.get_state().numpy().tobytes()


def _python_s(generator: Any, written: Collection[int]) -> Collection[int]:
    _, words, normal = generator.getstate()
    has_drawn = words[-1] != _WORDS or normal is not None
    return () if has_drawn else sorted(written)[:_TRIED]


def _numpy_s(generator: Any, written: Collection[int]) -> Collection[int]:
    sequence = getattr(generator, "seed_seq", generator)
    entropy = getattr(sequence, "entropy", None)
    return {entropy}.intersection(written) if type(entropy) is int else ()


def _numpy_s_old(generator: Any, written: Collection[int]) -> Collection[int]:
    """Return the seed, which such a generator keeps as the first word of its state."""
    state = generator.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        return ()
    return {int(state["state"]["key"][0])}.intersection(written)


def _of_torch(generator: Any, written: Collection[int]) -> Collection[int]:
    return {int(generator.initial_seed())}.intersection(written)


# --- What is drawn ---------------------------------------------------------------------


def _from_sequence(sequence: Any) -> bytes:
    words: bytes = sequence.spawn(1)[0].generate_state(_BYTES // 4).tobytes()
    return words


def _from_torch(generator: Any) -> bytes:
    drawn = torch.randint(2**62, (_BYTES // 8 + 1,), generator=generator)
    return drawn.numpy().tobytes()


_Kind = tuple[Callable[[Any], bytes], Callable[[Any, Collection[int]], Collection[int]]]
_KINDS: Final[Mapping[type, _Kind]] = {
    random.Random: (lambda one: one.randbytes(_BYTES), _python_s),
    np.random.RandomState: (lambda one: one.bytes(_BYTES), _numpy_s_old),
    np.random.SeedSequence: (_from_sequence, _numpy_s),
    _Torch: (_from_torch, _of_torch),
    **dict.fromkeys(
        _BIT_GENERATORS, (lambda one: np.random.Generator(one).bytes(_BYTES), _numpy_s)
    ),
}
