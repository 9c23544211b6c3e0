"""Rows 40 to 46: archives, and files of two formats at once. No archive is unpacked."""

import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from formats import zip_directory
from tests.runner.corpus.attack import MIB, Upload
from tests.submissions.builders import notebook_bytes, state_dict_bytes

WEIGHTS: Final = "state_dict"


def zipped(*names: str, link: bool = False) -> bytes:
    """Return an archive with a notebook under each of the names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            member = zipfile.ZipInfo()
            member.filename = name
            kind = stat.S_IFLNK if link else stat.S_IFREG
            member.external_attr = (kind | 0o777) << 16
            archive.writestr(member, b"/etc/passwd" if link else notebook_bytes())
    return content.getvalue()


def weights_with(*names: str) -> bytes:
    """Return a state dict with further members."""
    return state_dict_bytes(members=dict.fromkeys(names, b"x"))


def tarred(kind: bytes, mode: int = 0o644) -> bytes:
    """Return a tar archive with one member of a kind."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        member = tarfile.TarInfo("work.ipynb")
        member.type, member.mode, member.linkname = kind, mode, "/etc/passwd"
        archive.addfile(member)
    return content.getvalue()


def bomb() -> bytes:
    """Return an archive of 100 kB that would unpack to 100 MB."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("work.ipynb", bytes(100 * MIB))
    return content.getvalue()


def nested_bomb() -> bytes:
    """Return an archive within an archive within an archive."""
    data = bomb()
    for _ in range(5):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(5):
                archive.writestr(f"{number}.zip", data)
        data = content.getvalue()
    return data


def _entries(data: bytes) -> Iterator[int]:
    at = data.find(zip_directory.ENTRY_MARK)
    while at >= 0:
        yield at
        at = data.find(zip_directory.ENTRY_MARK, at + 4)


def overlapping() -> bytes:
    """Return a state dict whose members all lie at the same place."""
    data = bytearray(state_dict_bytes())
    for at in list(_entries(bytes(data))):
        struct.pack_into("<L", data, at + 42, 0)
    return bytes(data)


def lying() -> bytes:
    """Return a state dict whose directory claims members of 4 GB."""
    data = bytearray(state_dict_bytes())
    for at in list(_entries(bytes(data))):
        struct.pack_into("<LL", data, at + 20, 2**32 - 2, 2**32 - 2)
    return bytes(data)


def crowded() -> bytes:
    """Return a state dict whose directory claims as many members as fit."""
    data = bytearray(state_dict_bytes())
    at = data.rfind(zip_directory.END_MARK)
    struct.pack_into("<HH", data, at + 8, 65_000, 65_000)
    return bytes(data)


def packed(build: Callable[[], bytes], row: int, name: str) -> Upload:
    """Return the upload of an archive where a notebook was asked for."""
    return Upload(
        row=row, name=name, data=build, expect="wrong_kind", control=notebook_bytes
    )


def weights(row: int, name: str, build: Callable[[], bytes], expect: str) -> Upload:
    """Return the upload of an archive where a state dict was asked for."""
    return Upload(
        row=row,
        name=name,
        data=build,
        expect=expect,
        kind=WEIGHTS,
        file_name="net.pth",
        control=state_dict_bytes,
    )


PATHS: Final = {
    "upwards": "../work.ipynb",
    "absolute": "/etc/work.ipynb",
    "backslash": "..\\work.ipynb",
    "drive": "C:\\work.ipynb",
    "look-alike-dots": "\uff0e\uff0e/work.ipynb",
}
MEMBERS: Final = {
    "upwards": "m/../../../etc/passwd",
    "absolute": "/etc/passwd",
    "backslash": "m\\..\\x",
    "drive": "C:/x",
}
SLIPS: Final = (
    *(packed(partial(zipped, path), 40, f"zip-{name}") for name, path in PATHS.items()),
    *(
        weights(40, f"member-{name}", partial(weights_with, path), "state_dict_names")
        for name, path in MEMBERS.items()
    ),
    packed(lambda: zipped("work.ipynb", link=True), 41, "symbolic-link"),
    packed(lambda: zipped("a", "a/work.ipynb", link=True), 41, "through-a-link"),
    *(
        packed(partial(tarred, kind, mode), 42, f"tar-{name}")
        for name, kind, mode in (
            ("device", tarfile.CHRTYPE, 0o666),
            ("pipe", tarfile.FIFOTYPE, 0o666),
            ("hard-link", tarfile.LNKTYPE, 0o644),
            ("setuid", tarfile.REGTYPE, 0o6755),
        )
    ),
    packed(bomb, 43, "bomb"),
    packed(nested_bomb, 43, "nested-bomb"),
    weights(43, "members-overlap", overlapping, "state_dict_zip"),
    weights(43, "sizes-lie", lying, "state_dict_zip"),
    weights(44, "too-many-members", crowded, "state_dict_zip"),
    weights(
        44, "five-thousand-deep", lambda: weights_with("m/" + "d/" * 5000 + "x"),
        "state_dict_names",
    ),
    weights(
        44, "name-of-four-kilobytes", lambda: weights_with("m/" + "n" * 4096),
        "state_dict_names",
    ),
    packed(lambda: zipped("A", "a", "a.", "con", "x\u202ey"), 45, "zip-of-odd-names"),
)  # fmt: skip
PAGE: Final = b"<html><script>alert(1)</script></html>"


def polyglot(row: int, name: str, data: bytes, expect: str | None) -> Upload:
    """Return the upload of a file that is a notebook and another format at once."""
    return Upload(
        row=row, name=name, data=lambda: data, expect=expect, control=notebook_bytes
    )


TWO_FACED: Final = (
    polyglot(46, "page-before", PAGE + notebook_bytes(), "wrong_kind"),
    polyglot(46, "page-inside", notebook_bytes(html=PAGE.decode()), None),
    polyglot(46, "zip-behind", notebook_bytes() + zipped("a"), "notebook_bytes"),
    polyglot(46, "image-before", b"GIF89a" + notebook_bytes(), "wrong_kind"),
    polyglot(46, "script-before", b"#!/bin/sh\n" + notebook_bytes(), "notebook_json"),
    weights(46, "page-as-weights", lambda: PAGE, "wrong_kind"),
    weights(46, "notebook-as-weights", notebook_bytes, "wrong_kind"),
)
ARCHIVES: Final = (*SLIPS, *TWO_FACED)
