"""Tests of `conv2d`. Expected values come from torch's own convolution."""

import torch
from torch.nn.functional import conv2d as expected_conv2d


def _numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _same(found: object, expected: torch.Tensor) -> bool:
    return (
        isinstance(found, torch.Tensor)
        and found.shape == expected.shape
        and torch.allclose(found.detach().to(expected.dtype), expected, atol=1e-4)
    )


def shape(conv2d):
    """The result has the right shape, with and without stride and padding."""
    x, weight = _numbers(2, 3, 9, 7), _numbers(4, 3, 3, 2)
    plain = conv2d(x, weight)
    strided = conv2d(x, weight, stride=2, padding=1)
    return tuple(plain.shape) == (2, 4, 7, 6) and tuple(strided.shape) == (2, 4, 5, 4)


def values(conv2d):
    """The values are right for ragged images and kernels with several channels."""
    for count, channels, height, width, kernels, rows, columns in (
        (1, 1, 5, 5, 1, 3, 3),
        (2, 3, 7, 11, 4, 3, 2),
        (3, 2, 6, 4, 5, 1, 4),
    ):
        x = _numbers(count, channels, height, width, seed=1)
        weight = _numbers(kernels, channels, rows, columns, seed=2)
        if not _same(conv2d(x, weight), expected_conv2d(x, weight)):
            return False
    return True


def bias(conv2d):
    """Every output channel has its own bias added."""
    x, weight, shift = _numbers(2, 2, 6, 5), _numbers(3, 2, 3, 3), _numbers(3, seed=3)
    return _same(conv2d(x, weight, shift), expected_conv2d(x, weight, shift))


def stride_and_padding(conv2d):
    """Zeros are added on all four sides, and the window moves by the stride."""
    x, weight = _numbers(2, 2, 8, 5, seed=4), _numbers(3, 2, 3, 3, seed=5)
    return all(
        _same(
            conv2d(x, weight, stride=stride, padding=padding),
            expected_conv2d(x, weight, stride=stride, padding=padding),
        )
        for stride, padding in ((1, 1), (2, 0), (2, 1), (3, 2))
    )


def dtype(conv2d):
    """The result has the dtype of the input, and its precision."""
    x, weight = _numbers(1, 2, 6, 6).double(), _numbers(2, 2, 3, 3).double()
    found, expected = conv2d(x, weight), expected_conv2d(x, weight)
    return found.dtype == torch.float64 and torch.allclose(found, expected, atol=1e-12)
