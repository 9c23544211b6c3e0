"""Check a state dict that torch.save wrote: a zip of plain records. It is not loaded.

Its pickle is read as a list of instructions and never executed. This is for clear
messages, not for safety: a crafted pickle is harmless because it is loaded only in the
jail, and there with weights_only.
"""

import re
from collections.abc import Iterator, Sequence
from typing import IO, Final

from formats.findings import (
    Findings,
    Name,
)
from formats.problems import Problem
from formats.submission_words import problem, shown, size_in_words
from formats.weights.pickle_instructions import Contents, read_pickle
from formats.weights.weight_devices import warn_of_device
from formats.weights.weight_names import warn_of_wrappers
from formats.zip_directory import Member, ZipFaultError, read_member
from runner.protocol.weights_only import TAKEN

MAX_PICKLE_BYTES: Final = 4 * 1024**2
# The protocol that torch.save writes by default, and that torch.load reads.
USUAL_PROTOCOL: Final = 2
MAX_NAME: Final = 255
NAME: Final = re.compile(r"[^/\\\0]+(/[^/\\\0]+)*")

# Modules whose classes are whole models or optimisers.
OBJECTS: Final = re.compile(
    r"__main__\.|torch\.nn\.|torch\.optim\.|torchvision\.|timm\.|transformers\.|models?\b"
)


def check_state_dict(
    content: IO[bytes], members: Sequence[Member], *, name: Name, has_gpu: bool = False
) -> Findings:
    """Return what is wrong with a PyTorch zip file with these members."""
    problems = [*_check_members(members, name)]
    found: list[Contents] = []
    if not problems:
        problems += _check_pickle(content, members, name, found)
    warnings: list[Problem] = []
    for contents in () if problems else found:
        warnings += warn_of_device(contents.locations, name=name, has_gpu=has_gpu)
        tables = [table.names for table in contents.tables]
        warnings += warn_of_wrappers(tables, name=name, save="torch.save")
    return Findings(problems=tuple(problems), warnings=tuple(warnings))


def _check_members(members: Sequence[Member], name: Name) -> Iterator[Problem]:
    for member in members:
        what = shown(member.name)
        if not is_plain_name(member.name):
            yield problem("state_dict_names", file=name, why=what)
            return
        if member.is_encrypted:
            yield problem(
                "state_dict_compressed", file=name, why=f"{what} is encrypted"
            )
            return
        if not member.is_stored or member.packed_bytes != member.size:
            yield problem(
                "state_dict_compressed",
                file=name,
                why=f"{what} would grow to {size_in_words(member.size)}",
            )
            return
    if len({member.name for member in members}) != len(members):
        yield problem("state_dict_zip", file=name, why="it names a member twice")
    if len({member.name.partition("/")[0] for member in members}) != 1:
        yield problem("state_dict_zip", file=name, why="it has several folders")


def is_plain_name(name: str) -> bool:
    """Return whether a member may have this name."""
    return (
        len(name) <= MAX_NAME
        and NAME.fullmatch(name) is not None
        and not {".", ".."} & set(name.split("/"))
        and "\ufffd" not in name
        and ":" not in name.partition("/")[0]
    )


def _check_pickle(
    content: IO[bytes],
    members: Sequence[Member],
    name: Name,
    found: list[Contents],
) -> Iterator[Problem]:
    """Yield what is wrong with the pickle, and add its contents to `found`."""
    member = next(each for each in members if each.name.endswith("/data.pkl"))
    if member.size > MAX_PICKLE_BYTES:
        yield problem("state_dict_too_complex", file=name)
        return
    try:
        contents = read_pickle(read_member(content, member))
    except ZipFaultError as fault:
        yield problem("state_dict_zip", file=name, why=fault.why)
    except OverflowError:
        yield problem("state_dict_too_complex", file=name)
    except ValueError:
        yield problem("state_dict_zip", file=name, why="its list of tensors is damaged")
    else:
        found.append(contents)
        yield from _refusal(contents, name)


def _refusal(contents: Contents, name: Name) -> Iterator[Problem]:
    """Yield a problem if torch.load refuses the pickle."""
    unusual = [each for each in contents.globals if each not in TAKEN]
    objects = [each for each in unusual if OBJECTS.match(each)]
    if objects:
        yield problem("state_dict_module", file=name, what=shown(objects[0]))
    elif unusual:
        yield problem("state_dict_pickle", file=name, what=shown(unusual[0]))
    elif contents.protocol > USUAL_PROTOCOL and contents.refusal:
        yield problem("state_dict_protocol", file=name, protocol=contents.protocol)
    elif contents.refusal:
        yield problem("state_dict_pickle", file=name, what=shown(contents.refusal))
