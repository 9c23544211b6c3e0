"""Warn of tensor names to which a wrapper of the model has added a prefix."""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any, Final

from formats.findings import (
    Name,
)
from formats.problems import Problem
from formats.submission_words import problem, shown

# Each part of a name that a wrapper adds, and the wrapper.
WRAPPERS: Final = {
    "_orig_mod": "torch.compile",
    "module": "DataParallel or another wrapper",
    "_forward_module": "Lightning Fabric",
    "_fsdp_wrapped_module": "FullyShardedDataParallel",
    "_checkpoint_wrapped_module": "checkpoint_wrapper",
}
_ONE_AND_ALL: Final = "All names"


def warn_of_wrappers(
    tables: Sequence[Collection[str]], *, name: Name, save: str
) -> Iterator[Problem]:
    """Yield a warning of the first dictionary with names that a wrapper has changed.

    `tables` are the names of the tensors in each dictionary of the file. `save` is the
    function that writes such a file.
    """
    # A long name may be in many dictionaries, at two bytes each.
    prefix_of = cache(_wrapped)
    for names in tables:
        wrapped = [prefix for each in names if (prefix := prefix_of(each))]
        if wrapped:
            yield _warning(wrapped, len(names), name, save)
            return


def _wrapped(name: str) -> str:
    """Return the beginning of the name up to its last wrapper, or ""."""
    parts = name.split(".")[:-1]
    last = max((n for n, part in enumerate(parts, 1) if part in WRAPPERS), default=0)
    return "".join(f"{part}." for part in parts[:last])


def _warning(wrapped: list[str], total: int, name: Name, save: str) -> Problem:
    prefix = wrapped[0]
    parts = prefix.split(".")[:-1]
    found = [part for part in parts if part in WRAPPERS]
    some = _ONE_AND_ALL if len(wrapped) == total else f"{len(wrapped)} of {total} names"
    values: dict[str, Any] = {
        "some": some,
        "prefix": shown(prefix),
        "wrappers": " and ".join(dict.fromkeys(WRAPPERS[part] for part in found)),
        "inner": shown(f"model.{prefix.removesuffix('.')}"),
    }
    if found == parts:
        return problem("weights_wrapped", file=name, save=save, **values)
    part = f"{found[-1]}."
    return problem("weights_wrapped_inside", file=name, part=part, **values)
