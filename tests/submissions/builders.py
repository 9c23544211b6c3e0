"""Builders of files to hand in, byte by byte."""

import io
import json
import struct
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from formats.findings import Findings
from submissions.file_checks import FileRule, check_file
from submissions.services import IncomingFile

MB = 1024**2


def code_cell(source: Any = "x = 1", **fields: Any) -> dict[str, Any]:
    """Return a code cell of nbformat 4, with fields replaced or added."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": source,
        **fields,
    }


def notebook_bytes(*cells: Any, **fields: Any) -> bytes:
    """Return the bytes of an nbformat-4.5 notebook, with fields replaced or added."""
    document = {
        "cells": list(cells) or [code_cell()],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
        **fields,
    }
    return json.dumps(document, indent=1).encode()


def tensor(
    dtype: str = "F32", shape: Sequence[int] = (2,), begin: int = 0, end: int = 8
) -> dict[str, Any]:
    """Return a header's entry for one tensor."""
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def safetensors_bytes(
    header: Mapping[str, Any] | bytes | None = None, data: bytes = bytes(8)
) -> bytes:
    """Return the bytes of a safetensors file with this header and data."""
    if not isinstance(header, bytes):
        entries = {"weight": tensor()} if header is None else header
        header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header + data


# The pointer that git leaves in place of a large file that was not fetched.
POINTER = (
    b"version https://git-lfs.github.com/spec/v1\noid sha256:"
    + b"a" * 64
    + b"\nsize 230000000\n"
)
# {"weight": 1}, pickled by hand with protocol 2.
PLAIN_PICKLE = b"\x80\x02}X\x06\x00\x00\x00weightK\x01s."


def tensors_pickle(*names: str, location: str = "cpu") -> bytes:
    """Return a dict of tensors, pickled by hand as torch.save does."""

    def text(value: str) -> bytes:
        return b"X" + struct.pack("<I", len(value)) + value.encode()

    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0")
    storage += text(location) + b"K\x02tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage
    tensor += b"K\x00K\x02\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR"
    items = b"".join(text(name) + tensor for name in names)
    return b"\x80\x02}(" + items + b"u."


def state_dict_bytes(
    pickled: bytes = PLAIN_PICKLE,
    members: Mapping[str, bytes] | None = None,
    compression: int = zipfile.ZIP_STORED,
) -> bytes:
    """Return the bytes of a zip as torch.save writes it."""
    content = io.BytesIO()
    named = {
        "m/data.pkl": pickled,
        "m/byteorder": b"little",
        "m/data/0": bytes(64),
        "m/version": b"3\n",
        **(members or {}),
    }
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, data in named.items():
            # Without the time of writing, which would change a test's name.
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return content.getvalue()


def check(
    data: bytes,
    kind: str = "notebook",
    *,
    name: str = "work.ipynb",
    max_bytes: int = 50 * MB,
) -> Findings:
    """Check the bytes as a required file."""
    rule = FileRule(name=name, kind=kind, max_bytes=max_bytes)
    return check_file(io.BytesIO(data), rule)


def codes(found: Findings) -> list[str]:
    """Return the codes of the problems."""
    return [problem.code for problem in found.problems]


def warning_codes(found: Findings) -> list[str]:
    """Return the codes of the warnings."""
    return [problem.code for problem in found.warnings]


def incoming(
    data: bytes | None = None, name: str = "work.ipynb", original: str = ""
) -> IncomingFile:
    """Return a file as a view hands it on."""
    data = notebook_bytes() if data is None else data
    return IncomingFile(
        name=name,
        original_name=original or name,
        content=io.BytesIO(data),
        size=len(data),
    )
