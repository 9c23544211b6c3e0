"""Scores the handed-in weights on digits that only the tests have."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from softmark import metric, show


def held_out(Net, files, private):
    """The share of 500 unseen digits that the network reads correctly."""
    with np.load(Path(private) / "digits-heldout.npz") as data:
        images = torch.from_numpy(data["images"]).float().div(16).unsqueeze(1)
        labels = torch.from_numpy(data["labels"]).long()
    net = Net()
    net.load_state_dict(load_file(Path(files) / "digits.safetensors"))
    net.eval()
    with torch.no_grad():
        scores = net(images)
    if tuple(scores.shape) != (len(labels), 10):
        return False
    read = scores.argmax(dim=1)
    counts = torch.zeros(10, 10)
    counts.index_put_((labels, read), torch.ones(()), accumulate=True)
    show(
        counts / counts.sum(dim=1, keepdim=True),
        caption="What your network reads. A row for each digit from 0 to 9, a column for "
        "each answer.",
    )
    percent = 100 * float((read == labels).double().mean())
    return metric("Accuracy", percent, unit="%", at_least=97, zero_at=80)
