"""A state dict as torch.save writes it: a zip of plain records, checked unread.

Its pickle is read as a list of instructions and never executed. That is for clear
words, not for safety: what keeps a crafted pickle harmless is that it is loaded in
the jail only, and there with weights_only.
"""

import pickletools
import re
from collections.abc import Iterator, Sequence
from typing import IO, Final

from submissions.messages import problem, shown, size_in_words
from submissions.problems import Findings, Name, Problem
from submissions.validation.zips import Member, ZipFaultError, read_member

MAX_PICKLE_BYTES: Final = 4 * 1024**2
MAX_INSTRUCTIONS: Final = 1_000_000
MAX_NAME: Final = 255
NAME: Final = re.compile(r"[^/\\\0]+(/[^/\\\0]+)*")

# What a dict of tensors and numbers needs: module to the names in it.
PLAIN: Final[dict[str, re.Pattern[str]]] = {
    module: re.compile(names)
    for module, names in {
        "collections": r"OrderedDict|Counter|defaultdict",
        "torch": r"\w+Storage|Size|Tensor|device|strided|sparse_\w+|per_\w+|bool|"
        r"(b?float|u?int|complex|q?u?int)\w*|half|double|long|short",
        "torch._utils": r"_rebuild_\w+",
        "torch._tensor": r"_rebuild_from_type_v2",
        "torch.nn.parameter": r"Parameter|Buffer",
        "torch.serialization": r"_get_layout",
        "torch.storage": r"UntypedStorage|TypedStorage",
        "numpy": r"dtype|ndarray",
        "numpy.core.multiarray": r"scalar|_reconstruct",
        "numpy._core.multiarray": r"scalar|_reconstruct",
        "numpy.dtypes": r"\w+",
        "_codecs": r"encode",
        "__builtin__": r"set|frozenset|complex|bytearray",
        "builtins": r"set|frozenset|complex|bytearray",
    }.items()
}
# Modules whose classes are models or optimisers, whole.
OBJECTS: Final = re.compile(
    r"__main__\.|torch\.nn\.|torch\.optim\.|torchvision\.|models?\b"
)


def check_state_dict(
    content: IO[bytes], members: Sequence[Member], *, name: Name
) -> Findings:
    """Return what is wrong with a PyTorch zip file whose directory was read."""
    problems = [*_check_members(members, name)]
    if not problems:
        problems += _check_pickle(content, members, name)
    return Findings(problems=tuple(problems))


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
    """Whether a member may be called so."""
    return (
        len(name) <= MAX_NAME
        and NAME.fullmatch(name) is not None
        and not {".", ".."} & set(name.split("/"))
        and "\ufffd" not in name
        and ":" not in name.partition("/")[0]
    )


def _check_pickle(
    content: IO[bytes], members: Sequence[Member], name: Name
) -> Iterator[Problem]:
    member = next(each for each in members if each.name.endswith("/data.pkl"))
    if member.size > MAX_PICKLE_BYTES:
        yield problem("state_dict_too_complex", file=name)
        return
    try:
        unusual = _unusual_globals(read_member(content, member))
    except ZipFaultError as fault:
        yield problem("state_dict_zip", file=name, why=fault.why)
    except OverflowError:
        yield problem("state_dict_too_complex", file=name)
    except ValueError:
        yield problem("state_dict_zip", file=name, why="its list of tensors is damaged")
    else:
        if unusual:
            what = shown(unusual[0])
            objects = [each for each in unusual if OBJECTS.match(each)]
            code = "state_dict_module" if objects else "state_dict_pickle"
            yield problem(code, file=name, what=shown(objects[0]) if objects else what)


def _unusual_globals(pickled: bytes) -> list[str]:
    """Return the names, as module.name, that no dict of tensors asks for.

    Raises ValueError for what is no pickle and OverflowError for too long a one.
    """
    unusual = []
    for module, attribute in _globals(pickled):
        names = PLAIN.get(module)
        if names is None or names.fullmatch(attribute) is None:
            unusual.append(f"{module}.{attribute}")
    return unusual


def _globals(pickled: bytes) -> Iterator[tuple[str, str]]:
    texts = ["?", "?"]
    for number, (instruction, argument, _) in enumerate(pickletools.genops(pickled)):
        if number > MAX_INSTRUCTIONS:
            raise OverflowError
        if instruction.name in {"GLOBAL", "INST"}:
            module, _, attribute = str(argument).partition(" ")
            yield module, attribute
        elif instruction.name == "STACK_GLOBAL":
            yield texts[-2], texts[-1]
        elif instruction.name.endswith("EXT1"):
            yield "copyreg", "extension"
        elif isinstance(argument, str):
            texts = [texts[-1], argument]
