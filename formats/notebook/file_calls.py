"""Recognise calls that read or write files, by the name of the called function."""

import ast
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from formats.notebook.cell_syntax import last_name
from formats.notebook.code_values import Names, dotted_prefixes, first_name

# The last part of the function's name. One of its first two arguments is a path.
READERS: Final = frozenset(
    {
        "load", "load_file", "safe_open", "load_model", "load_weights",
        "load_from_checkpoint", "loadtxt", "genfromtxt", "fromfile", "imread",
        "read_image", "read_csv", "read_json", "read_excel", "read_parquet",
        "read_pickle", "read_table", "read_hdf", "read_feather", "loadmat", "Notebook",
    }
)  # fmt: skip
WRITERS: Final = frozenset(
    {
        "save", "save_file", "save_model", "savez", "savez_compressed", "savetxt",
        "savefig", "imsave", "savemat", "imwrite", "to_csv", "to_json", "to_parquet",
        "to_pickle", "to_excel", "to_feather", "save_image", "urlretrieve",
    }
)  # fmt: skip
# These open a file in a mode, which is the second argument.
OPENERS: Final = frozenset({"open", "ZipFile", "TarFile", "File"})
COPIERS: Final = frozenset({"copy", "copy2", "copyfile", "move", "rename", "replace"})
# Code that asks first can handle a file that does not exist.
GUARDS: Final = frozenset({"exists", "isfile", "is_file"})
PATH_READERS: Final = frozenset({"read_text", "read_bytes"})
PATH_WRITERS: Final = frozenset({"write_text", "write_bytes", "touch"})
KEYWORDS: Final = frozenset(
    {"file", "f", "filename", "path", "filepath_or_buffer", "fname", "checkpoint_path"}
)
NETWORK: Final = re.compile(r"(https?|ftp|s3|gs|hf)://")
# A text that is a pattern, or no path at all.
NO_PATH: Final = re.compile(r"[*{}\n\r]|^[^:]*\?|/$|^$")
_LOADED_BY_TORCH: Final = frozenset({"torch", "jit"})


@dataclass(frozen=True, kw_only=True)
class FileCall:
    """A call that reads a file, writes it, or asks whether it exists.

    `path` is "" if it is unknown. `is_mapped` says for torch.load whether it is given a
    device. It is None for any other call.
    """

    path: str
    is_write: bool = False
    is_guard: bool = False
    is_mapped: bool | None = None


def file_calls(call: ast.Call, names: Names) -> Iterator[FileCall]:
    """Yield the reads, writes and checks of files in the call."""
    verb = last_name(call.func)
    if isinstance(call.func, ast.Attribute):
        own = names.text(call.func.value)
        if own is not None:
            yield from _of_path(call, verb, own)
            return
    if verb in GUARDS:
        yield from (_guard(path) for path in _paths(call, names))
    elif verb in COPIERS and first_name(call.func) in {"os", "shutil"}:
        yield from _copied(call, names)
    elif verb in OPENERS:
        writes = _writes(call, position=1)
        yield from _each(_paths(call, names)[:1], is_write=writes)
    elif verb in READERS | WRITERS and not _is_hub(call.func):
        yield from _loaded(call, verb, names)


def comparable_path(path: str) -> str:
    """Return the path in the form in which paths are compared."""
    return posixpath.normpath(path.strip().replace("\\", "/"))


def _of_path(call: ast.Call, verb: str, own: str) -> Iterator[FileCall]:
    """Yield what a method of a path does, as in Path("x").read_text()."""
    if verb in GUARDS:
        yield _guard(own)
    elif verb in PATH_WRITERS:
        yield from _each([own], is_write=True)
    elif verb in PATH_READERS or verb == "open":
        yield from _each([own], is_write=_writes(call, position=0))


def _loaded(call: ast.Call, verb: str, names: Names) -> Iterator[FileCall]:
    paths = [each for each in _paths(call, names) if "." in each]
    is_torch = verb == "load" and _LOADED_BY_TORCH.issuperset(_owners(call.func))
    is_mapped = _is_mapped(call) if is_torch else None
    if is_torch and not paths:
        yield FileCall(path="", is_mapped=is_mapped)
    yield from _each(paths, is_write=verb in WRITERS, is_mapped=is_mapped)


def _copied(call: ast.Call, names: Names) -> Iterator[FileCall]:
    texts = [names.text(each) for each in call.args[:2]]
    for text, is_write in zip(texts, (False, True), strict=False):
        if text is not None and "." in text:
            yield from _each([text], is_write=is_write)


def _guard(path: str) -> FileCall:
    return FileCall(path=comparable_path(path), is_guard=True)


def _each(
    paths: list[str], *, is_write: bool = False, is_mapped: bool | None = None
) -> Iterator[FileCall]:
    for path in paths:
        if is_write or not NO_PATH.search(path):
            known = path if NETWORK.match(path) else comparable_path(path)
            yield FileCall(path=known, is_write=is_write, is_mapped=is_mapped)


def _owners(called: ast.expr) -> set[str]:
    """Return torch and jit for torch.jit.load, and “?” for a bare load."""
    return set(map(last_name, dotted_prefixes(called)[1:])) or {"?"}


def _is_mapped(call: ast.Call) -> bool:
    return len(call.args) > 1 or any(
        each.arg in {"map_location", None} for each in call.keywords
    )


def _is_hub(called: ast.expr) -> bool:
    """Return whether this is torch.hub.load or similar, which opens no file by name."""
    return isinstance(called, ast.Attribute) and last_name(called.value) == "hub"


def _writes(call: ast.Call, *, position: int) -> bool:
    """Return whether the mode of an open call makes the file."""
    modes = [each.value for each in call.keywords if each.arg == "mode"]
    modes += call.args[position : position + 1]
    return any(
        isinstance(mode, ast.Constant)
        and isinstance(mode.value, str)
        and any(letter in mode.value for letter in "wax")
        for mode in modes
    )


def _paths(call: ast.Call, names: Names) -> list[str]:
    named = [each.value for each in call.keywords if each.arg in KEYWORDS]
    texts = [names.text(argument) for argument in [*call.args[:2], *named]]
    return [text for text in texts if text is not None]
