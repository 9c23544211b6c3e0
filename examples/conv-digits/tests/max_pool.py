"""Tests of `max_pool2d`. Expected values come from torch's own pooling."""

import torch
from softmark import expect
from torch.nn.functional import max_pool2d as expected_pool


def _numbers(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(6))


def _same(found: object, expected: torch.Tensor) -> bool:
    return isinstance(found, torch.Tensor) and torch.equal(found.detach(), expected)


def shape(max_pool2d):
    """The result has the right shape, also where the windows do not fill the image."""
    return tuple(max_pool2d(_numbers(2, 3, 9, 7), 2).shape) == (2, 3, 4, 3)


def values(max_pool2d):
    """The largest value of each window is kept, also where all are negative."""
    x = _numbers(2, 3, 8, 6)
    for numbers, which in ((x, "ordinary"), (x - 10, "negative")):
        for size in (2, 3):
            found, expected = max_pool2d(numbers, size), expected_pool(numbers, size)
            assert isinstance(found, torch.Tensor), "The result is no tensor."
            words = f"Windows of {size} by {size}, with {which} numbers."
            expect(found, expected, message=words)


def overlapping(max_pool2d):
    """Windows may overlap, or leave gaps between them."""
    x = _numbers(1, 2, 9, 8).abs()
    return all(
        _same(max_pool2d(x, size, stride=step), expected_pool(x, size, stride=step))
        for size, step in ((3, 2), (3, 1), (2, 3))
    )
