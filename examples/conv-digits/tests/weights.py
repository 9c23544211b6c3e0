"""Tests that the handed-in weights fit the handed-in network."""

from pathlib import Path

from safetensors.torch import load_file


def loads(Net, files):
    """Every name and shape in digits.safetensors is one of Net, and none is left."""
    state = load_file(Path(files) / "digits.safetensors")
    Net().load_state_dict(state)
