"""Numpy's numbers and arrays in files that torch.load reads with weights_only."""

import contextlib
import importlib
from typing import Any

import torch

from runner.protocol.weights_only import ADDED_HERE, DTYPES_MODULE


def allow_numpy_types() -> None:
    """Let torch.load read all that uploads may hold (see runner.protocol.weights_only)."""
    found: list[Any] = []
    for path in sorted(ADDED_HERE):
        module, _, name = path.rpartition(".")
        # numpy 1 and 2 read each other's files, so both names mean the installed module.
        for real in (module.replace(".core.", "._core."), module):
            with contextlib.suppress(ImportError, AttributeError):
                found.append((getattr(importlib.import_module(real), name), path))
                break
    dtypes = vars(importlib.import_module(DTYPES_MODULE))
    found += [each for name, each in dtypes.items() if name.endswith("DType")]
    torch.serialization.add_safe_globals(found)
