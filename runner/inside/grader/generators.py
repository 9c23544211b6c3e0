"""The random generators of tests, started from a secret of the run.

Each generator starts from all bits of a hash of the secret. A seed of 32 bits, which
torch and numpy take, could be found by trying all of them.
"""

import hashlib
import random
from typing import Any, Final

import numpy as np
import torch
from numpy.random import bit_generator

_SEED_BYTES: Final = 32
# The state of a Mersenne Twister in torch's layout: its seed, the number of words left,
# whether it has a seed, the next word, the words in 64 bits each, and the normals drawn
# ahead, of which there are none.
_WORDS: Final = 624
_HEAD: Final = np.array([1 | 1 << 32, 0], dtype="<u8")
_NORMALS_BYTES: Final = 40

_Torch: Final = torch.Generator
_seed: Final = random.Random.seed


class Generators:
    """The generators of this process, started for one check after the other."""

    def __init__(self, secret: int) -> None:
        self._secret = secret
        self._fresh_seeds = random.Random()  # noqa: S311 - seeded by `start`

    def install(self) -> None:
        """Let new generators start from the secret if the test gives them no seed.

        numpy takes their bits from one function. torch would start each from one number
        that everybody knows, and Python from the system, so that no rerun would be the
        same.
        """
        numpy, fresh = bit_generator, self._fresh_seeds
        numpy.randbits = fresh.getrandbits  # type: ignore[attr-defined]  # asked by name
        torch.Generator = _torch_class(fresh)  # type: ignore[misc, assignment]  # a class like it

        def seed(own: random.Random, a: Any = None, version: int = 2) -> None:
            bits = 8 * _SEED_BYTES
            _seed(own, fresh.getrandbits(bits) if a is None else a, version)

        random.Random.seed = seed  # type: ignore[method-assign, assignment]  # as above

    def start(self, *place: str) -> None:
        """Start all generators for a check: the same in every rerun, different for others.

        Numbers that one check draws and passes to the student's code say nothing of
        another check's, and one library's numbers say nothing of another's.
        """
        text = "\0".join((str(self._secret), *place)).encode()
        random.seed(_digest("random", text, _SEED_BYTES))
        words = np.frombuffer(_digest("numpy", text, _SEED_BYTES), dtype="<u4")
        np.random.seed(words)
        _tell_no_seed(_digest("told", text, 4))
        torch.set_rng_state(_torch_state(_digest("torch", text, 4 * _WORDS)))
        # A generator that a test makes without a seed is as secret as the global one.
        self._fresh_seeds.seed(_digest("fresh", text, _SEED_BYTES))


class _LikeTorch(type(_Torch)):  # type: ignore[misc]  # a class of torch's own
    """The metaclass by which every generator of torch's is an instance of this class."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _Torch)


def _torch_class(fresh: random.Random) -> type:
    """Return torch's class of generators, changed so that new ones start from the secret."""

    class Generator(_Torch, metaclass=_LikeTorch):  # type: ignore[misc, valid-type]  # torch's
        def __new__(cls, *arguments: Any, **named: Any) -> Any:
            made = super().__new__(cls, *arguments, **named)
            if made.device.type == "cpu":
                made.set_state(
                    torch_generator(fresh.randbytes(_SEED_BYTES)).get_state()
                )
            return made

    Generator.__module__, Generator.__qualname__ = "torch", "Generator"
    return Generator


def torch_generator(key: bytes) -> torch.Generator:
    """Return a generator of torch's that starts from all bits of the key."""
    made = _Torch()
    made.set_state(_torch_state(_digest("torch", key, 4 * _WORDS)))
    return made


def _tell_no_seed(bits: bytes) -> None:
    """Change those bits of numpy's first word that no draw uses.

    Tests take that word for the seed, and without this it is the same in every run.
    """
    state: Any = np.random.get_state()
    state[1][0] = int(state[1][0]) & 1 << 31 | int.from_bytes(bits) >> 1
    np.random.set_state(state)


def _digest(library: str, text: bytes, size: int) -> bytes:
    return hashlib.shake_256(library.encode() + b"\0" + text).digest(size)


def _torch_state(words: bytes) -> torch.Tensor:
    """Return the state of torch's CPU generator that holds these words."""
    state = np.frombuffer(words, dtype="<u4").astype("<u8")
    # The state must name a seed. This one generates nothing, and nobody knows it.
    seed = hashlib.sha256(words).digest()[:8]
    data = seed + _HEAD.tobytes() + state.tobytes() + bytes(_NORMALS_BYTES)
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)
