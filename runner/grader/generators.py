"""The random generators of tests, started from a secret of the run.

Each generator starts from all bits of a hash of the secret. A seed of 32 bits, which
torch and numpy take, could be found by trying all of them.
"""

import hashlib
import random
from typing import Any, Final

import numpy as np
import torch

_SEED_BYTES: Final = 32
# The state of a Mersenne Twister, as torch lays it out: its seed, how many words are
# left, whether it has a seed, the next word, the words in 64 bits each, and normals
# that were drawn ahead, of which there are none.
_WORDS: Final = 624
_HEAD: Final = np.array([0, 1 | 1 << 32, 0], dtype="<u8")
_NORMALS_BYTES: Final = 40

_default_rng: Final = np.random.default_rng


class Generators:
    """Starts the generators of this process for one check after the other."""

    def __init__(self, secret: int) -> None:
        self._secret = secret
        self._fresh_seeds = random.Random()  # noqa: S311 - seeded by `start`

    def take_over(self) -> None:
        """Give numpy's new generators a seed from the secret if the test gives none."""
        np.random.default_rng = self._make

    def start(self, *place: str) -> None:
        """Start all generators for a check: as ever in this run, unlike any other's.

        What one check draws and passes to the student's code says nothing of what
        another draws, and one library's numbers say nothing of another's.
        """
        text = "\0".join((str(self._secret), *place)).encode()
        random.seed(_digest("random", text, _SEED_BYTES))
        words = np.frombuffer(_digest("numpy", text, _SEED_BYTES), dtype="<u4")
        np.random.seed(words)
        torch.set_rng_state(_torch_state(_digest("torch", text, 4 * _WORDS)))
        # A generator that a test makes without a seed is as good as the global one.
        self._fresh_seeds.seed(_digest("fresh", text, _SEED_BYTES))

    def _make(self, seed: Any = None) -> np.random.Generator:
        """Return numpy's generator, from the secret if the test gives no seed."""
        bits = 8 * _SEED_BYTES
        return _default_rng(
            self._fresh_seeds.getrandbits(bits) if seed is None else seed
        )


def _digest(library: str, text: bytes, size: int) -> bytes:
    return hashlib.shake_256(library.encode() + b"\0" + text).digest(size)


def _torch_state(words: bytes) -> torch.Tensor:
    """Return the state of torch's generator on the CPU that holds these words."""
    state = np.frombuffer(words, dtype="<u4").astype("<u8")
    data = _HEAD.tobytes() + state.tobytes() + bytes(_NORMALS_BYTES)
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)
