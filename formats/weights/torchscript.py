"""Check a TorchScript program that torch.jit.save wrote, without loading it.

Its tensors are stored without compression. Its code is text and may be compressed. It
is loaded only in the jail, beside the notebook.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import IO, Final

from formats.findings import (
    Findings,
    Name,
)
from formats.problems import Problem
from formats.submission_words import problem, shown, size_in_words
from formats.weights.pickle_instructions import read_locations
from formats.weights.state_dicts import MAX_PICKLE_BYTES, is_plain_name
from formats.weights.weight_devices import warn_of_device
from formats.zip_directory import Member, ZipFaultError, read_member

MAX_CODE_BYTES: Final = 16 * 1024**2
# Pickles directly in the archive's one folder. Files of these names elsewhere are not
# read.
PICKLES: Final = frozenset({"data.pkl", "constants.pkl"})


def check_torchscript(
    content: IO[bytes], members: Sequence[Member], *, name: Name, has_gpu: bool = False
) -> Findings:
    """Return what is wrong with a TorchScript zip file with these members."""
    problems = tuple(_check(members, name))[:1]
    if problems:
        return Findings(problems=problems)
    locations = _locations(content, members)
    warnings = warn_of_device(
        locations, name=name, has_gpu=has_gpu, loader="torch.jit.load"
    )
    return Findings(warnings=tuple(warnings))


def _locations(content: IO[bytes], members: Sequence[Member]) -> list[str]:
    """Return the devices on which the program's tensors were."""
    found: list[str] = []
    for member in members:
        is_pickle = member.name.partition("/")[2] in PICKLES
        if is_pickle and member.size <= MAX_PICKLE_BYTES:
            with contextlib.suppress(ZipFaultError):
                found += read_locations(read_member(content, member))
    return list(dict.fromkeys(found))


def _check(members: Sequence[Member], name: Name) -> Iterator[Problem]:
    for member in members:
        what = shown(member.name)
        if not is_plain_name(member.name):
            yield problem(
                "torchscript_damaged", file=name, why=f"{what} is not a valid name"
            )
        if member.is_encrypted:
            yield problem("torchscript_damaged", file=name, why=f"{what} is encrypted")
        grows = not member.is_stored or member.packed_bytes != member.size
        if grows and not _is_code(member):
            size = size_in_words(member.size)
            why = f"{what} would grow to {size}"
            yield problem("torchscript_damaged", file=name, why=why)
    if sum(member.size for member in members if _is_code(member)) > MAX_CODE_BYTES:
        yield problem("torchscript_damaged", file=name, why="its code is too large")
    names = {member.name for member in members}
    if len(names) != len(members):
        yield problem("torchscript_damaged", file=name, why="it names a member twice")
    if len({each.partition("/")[0] for each in names}) != 1:
        yield problem("torchscript_damaged", file=name, why="it has several folders")


def _is_code(member: Member) -> bool:
    """Return whether torch writes this member compressed."""
    return member.name.partition("/")[2].startswith("code/")
