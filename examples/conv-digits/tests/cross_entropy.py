"""Tests of `cross_entropy`. Expected values come from torch's own loss."""

import torch
from torch import nn


def _case(scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(7)
    scores = scale * torch.randn(6, 10, generator=generator)
    return scores, torch.randint(0, 10, (6,), generator=generator)


def _expected(
    scores: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    leaf = scores.clone().requires_grad_()
    loss = nn.functional.cross_entropy(leaf, labels)
    loss.backward()
    assert leaf.grad is not None
    return loss.detach(), leaf.grad


def _same(found: object, expected: torch.Tensor) -> bool:
    number = torch.as_tensor(found).detach().to(expected.dtype)
    return number.shape == expected.shape and torch.allclose(
        number, expected, atol=1e-5, rtol=1e-4
    )


def loss(cross_entropy):
    """The loss is the mean over the batch."""
    scores, labels = _case(1)
    return _same(cross_entropy(scores, labels)[0], _expected(scores, labels)[0])


def gradient(cross_entropy):
    """The gradient is that of the mean loss."""
    scores, labels = _case(2)
    return _same(cross_entropy(scores, labels)[1], _expected(scores, labels)[1])


def large_scores(cross_entropy):
    """Scores of up to 1,000 give finite numbers, and the right ones."""
    scores, labels = _case(1)
    scores = 1000 * scores / scores.abs().max()
    found, expected = cross_entropy(scores, labels), _expected(scores, labels)
    return _same(found[0], expected[0]) and _same(found[1], expected[1])
