"""Seeds that stand in a test's text, with which the notebook's generators are seeded too.

In a notebook a test and the student's code share their generators: a test that seeds
them expects the student's function to draw from them. A seed that stands in the test's
own text, and from which the test has drawn nothing yet, is sent with the next call.
Any other seed stays here: it may come from the run's secret.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

_NUMBER: Final = re.compile(r"(?<![\w.])\d{1,20}(?![\w.])")
# `for seed in range(5)` contains five seeds.
_RANGE: Final = re.compile(r"\brange\(\s*(?:(\d{1,6})\s*,\s*)?(\d{1,6})\s*\)")
_MOST: Final = 1000


@dataclass(frozen=True, kw_only=True)
class _Generator:
    """A library's generator: its module, its seeding function, and its state."""

    module: Any
    function: str
    state: Callable[[], object]


def _numpy_state() -> object:
    state: Any = np.random.get_state()
    _, words, *rest = state
    return words.tobytes(), rest


_GENERATORS: Final[Mapping[str, _Generator]] = {
    "random": _Generator(module=random, function="seed", state=random.getstate),
    "numpy": _Generator(module=np.random, function="seed", state=_numpy_state),
    "torch": _Generator(
        module=torch,
        function="manual_seed",
        state=lambda: torch.get_rng_state().numpy().tobytes(),
    ),
}


class FixedSeeds:
    """The seeds that one check sets and that stand in its text."""

    def __init__(self) -> None:
        self.written: frozenset[int] = frozenset()
        self._waiting: dict[str, tuple[int, object]] = {}

    def install(self) -> None:
        """Watch from now on every seed that a test gives to a library."""
        for library, generator in _GENERATORS.items():
            seed = getattr(generator.module, generator.function)
            setattr(generator.module, generator.function, self._heard(seed, library))

    def begin_check(self, *sources: str) -> None:
        """Read the numbers in another check's text, and forget all seeds."""
        numbers = (number for text in sources for number in _NUMBER.findall(text))
        self.written = frozenset((*map(int, numbers), *ranges_in(sources)))
        self._waiting.clear()

    def unused(self) -> Iterator[tuple[str, int]]:
        """Yield each library and seed from which nothing has been drawn, and forget it."""
        waiting, self._waiting = self._waiting, {}
        for library, (seed, state) in waiting.items():
            if _GENERATORS[library].state() == state:
                yield library, seed

    def _heard(self, seed: Callable[..., Any], library: str) -> Callable[..., Any]:
        def heard(*arguments: Any, **named: Any) -> Any:
            result = seed(*arguments, **named)
            values = (*arguments, *named.values())
            self._waiting.pop(library, None)
            match values:
                case [int() as value] if value in self.written:
                    self._waiting[library] = int(value), _GENERATORS[library].state()
            return result

        return heard


def ranges_in(sources: Iterable[str]) -> Iterator[int]:
    """Yield the numbers of the short ranges that stand in the texts."""
    for text in sources:
        for start, stop in _RANGE.findall(text):
            if int(stop) - int(start or 0) <= _MOST:
                yield from range(int(start or 0), int(stop))
