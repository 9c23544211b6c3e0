"""Warn of weights that were saved on a device which the run does not have."""

from collections.abc import Iterator, Sequence
from typing import Final

from formats.findings import (
    Name,
)
from formats.problems import Problem
from formats.submission_words import problem, shown

# Devices that every run has. `meta` has no numbers to put anywhere.
_EVERYWHERE: Final = frozenset({"cpu", "meta"})
_ON_A_GPU: Final = frozenset({"cuda", "cuda:0"})
_MAX_NAMED: Final = 3


def warn_of_device(
    locations: Sequence[str],
    *,
    name: Name,
    has_gpu: bool = False,
    loader: str = "torch.load",
) -> Iterator[Problem]:
    """Yield a warning if the run lacks a device on which tensors were saved.

    A run with `has_gpu` has one GPU.
    """
    known = _EVERYWHERE | _ON_A_GPU if has_gpu else _EVERYWHERE
    foreign = [each for each in locations if each not in known]
    if foreign:
        yield problem(
            "weights_device",
            file=name,
            device=" and ".join(map(_in_words, foreign[:_MAX_NAMED])),
            loader=loader,
            target="cuda" if has_gpu else "cpu",
        )


def _in_words(location: str) -> str:
    tag = shown(location, 20)
    match location.partition(":")[0]:
        case "cuda":
            return f"a GPU ({tag})"
        case "mps":
            return f"the GPU of a Mac ({tag})"
        case "xpu":
            return f"an Intel GPU ({tag})"
    return f"the device “{tag}”"
