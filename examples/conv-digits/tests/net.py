"""Tests of the structure of `Net`. They need no weights and no data."""

import torch
from torch import nn

MOST_PARAMETERS = 10_000


def shape(Net):
    """A batch of 5 images gives 5 rows of 10 scores."""
    net = Net()
    net.eval()
    with torch.no_grad():
        return tuple(net(torch.rand(5, 1, 8, 8)).shape) == (5, 10)


def layers(Net):
    """There are at least two nn.Conv2d and one nn.BatchNorm2d."""
    modules = list(Net().modules())
    convolutions = sum(isinstance(module, nn.Conv2d) for module in modules)
    norms = sum(isinstance(module, nn.BatchNorm2d) for module in modules)
    return convolutions >= 2 and norms >= 1


def size(Net):
    """There are fewer than 10,000 parameters."""
    count = sum(parameter.numel() for parameter in Net().parameters())
    return 0 < count < MOST_PARAMETERS
