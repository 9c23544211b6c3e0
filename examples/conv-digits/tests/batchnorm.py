"""Tests of `BatchNorm2d`. Expected values come from torch's own layer."""

import torch
from torch import nn

NAMES = {
    "gamma": "weight",
    "beta": "bias",
    "running_mean": "running_mean",
    "running_var": "running_var",
}


def _numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _same(found: object, expected: torch.Tensor) -> bool:
    return (
        isinstance(found, torch.Tensor)
        and found.shape == expected.shape
        and torch.allclose(found.detach(), expected.detach(), atol=1e-4)
    )


def _pair(BatchNorm2d, **state: torch.Tensor):
    """The student's layer and torch's, with the same numbers in both."""
    found, expected = BatchNorm2d(3), nn.BatchNorm2d(3)
    if state:
        found.load_state_dict(state, strict=False)
        expected.load_state_dict(
            {NAMES[name]: value for name, value in state.items()}, strict=False
        )
    return found, expected


def names(BatchNorm2d):
    """The layer has gamma, beta, running_mean and running_var."""
    state = BatchNorm2d(3).state_dict()
    return set(NAMES) <= set(state) and all(
        tuple(state[name].shape) == (3,) for name in NAMES
    )


def training(BatchNorm2d):
    """In training, each channel is normalised over the batch and over all places."""
    found, expected = _pair(BatchNorm2d)
    found.train()
    x = 4 * _numbers(5, 3, 4, 7, seed=1) + 2
    return _same(found(x), expected(x))


def gamma_and_beta(BatchNorm2d):
    """The result is scaled by gamma and shifted by beta, channel by channel."""
    gamma, beta = torch.tensor([0.5, -2.0, 3.0]), torch.tensor([1.0, -4.0, 0.25])
    found, expected = _pair(BatchNorm2d, gamma=gamma, beta=beta)
    found.train()
    x = _numbers(6, 3, 3, 5, seed=2)
    return _same(found(x), expected(x))


def running_estimates(BatchNorm2d):
    """Training updates the running mean and the unbiased running variance."""
    found, expected = _pair(BatchNorm2d)
    found.train()
    for seed in (3, 4):
        x = 2 * _numbers(2, 3, 2, 3, seed=seed) + 1
        found(x)
        expected(x)
    state = found.state_dict()
    return _same(state["running_mean"], expected.running_mean) and _same(
        state["running_var"], expected.running_var
    )


def evaluation(BatchNorm2d):
    """In evaluation, the running estimates are used and not changed."""
    mean, variance = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([4.0, 0.25, 2.0])
    found, expected = _pair(BatchNorm2d, running_mean=mean, running_var=variance)
    found.eval()
    expected.eval()
    x = _numbers(4, 3, 5, 2, seed=5)
    return _same(found(x), expected(x)) and _same(
        found.state_dict()["running_mean"], mean
    )
