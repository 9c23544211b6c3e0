"""Functions that make small files for the entries: a number decides the content."""

import io
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import safetensors.torch
import torch

from tests.runner.proof.entries import FileMaker


def numbers(salt: int, *shape: int) -> Any:
    """Return numbers from 0 to 1, which depend on this salt alone."""
    return np.random.default_rng([7, salt]).random(shape)


def labels(salt: int, *shape: int) -> Any:
    """Return whole numbers from 0 to 9, which depend on this salt alone."""
    return np.random.default_rng([9, salt]).integers(0, 10, shape)


def npy(make: Callable[[int], Any]) -> FileMaker:
    """Return a maker of an array's file."""

    def content(salt: int) -> bytes:
        sink = io.BytesIO()
        np.save(sink, make(salt))
        return sink.getvalue()

    return content


def npz(make: Callable[[int], Mapping[str, Any]]) -> FileMaker:
    """Return a maker of a file of several arrays."""

    def content(salt: int) -> bytes:
        sink = io.BytesIO()
        np.savez(sink, **make(salt))
        return sink.getvalue()

    return content


def text(make: Callable[[int], str]) -> FileMaker:
    """Return a maker of a text file."""
    return lambda salt: make(salt).encode()


def tensors(make: Callable[[int], Mapping[str, Any]]) -> FileMaker:
    """Return a maker of a safetensors file."""
    return lambda salt: safetensors.torch.save(dict(make(salt)))


def saved(make: Callable[[int], Any]) -> FileMaker:
    """Return a maker of a file that torch.save wrote."""

    def content(salt: int) -> bytes:
        sink = io.BytesIO()
        torch.save(make(salt), sink)
        return sink.getvalue()

    return content


def pickled(make: Callable[[int], Any]) -> FileMaker:
    """Return a maker of a pickle."""
    return lambda salt: pickle.dumps(make(salt))
