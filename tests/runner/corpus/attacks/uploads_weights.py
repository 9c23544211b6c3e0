"""Rows 57 to 65: weights that the portal checks without loading them."""

import io
import json
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable
from typing import Final

from tests.runner.corpus.attack import Upload
from tests.submissions.builders import safetensors_bytes, state_dict_bytes, tensor

TIB: Final = 2**40


def calling(module: str, name: str, argument: str) -> bytes:
    """Return a pickle that calls module.name(argument) when it is loaded."""
    return f"c{module}\n{name}\n(S{argument!r}\ntR.".encode()


def state_dict(
    row: int, name: str, build: Callable[[], bytes], expect: str | None
) -> Upload:
    """Return the upload of a state dict."""
    return Upload(
        row=row,
        name=name,
        data=build,
        expect=expect,
        kind="state_dict",
        file_name="net.pth",
        control=state_dict_bytes,
    )


def tensors(name: str, build: Callable[[], bytes], expect: str) -> Upload:
    """Return the upload of a safetensors file."""
    return Upload(
        row=65,
        name=name,
        data=build,
        expect=expect,
        kind="safetensors",
        file_name="net.safetensors",
        control=safetensors_bytes,
    )


def legacy_tar() -> bytes:
    """Return a tar archive as the first versions of torch.save wrote it."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name in ("sys_info", "pickle", "tensors", "storages"):
            archive.addfile(tarfile.TarInfo(name))
    return content.getvalue()


COMMAND: Final = "touch /tmp/softmark-left-by-a-pickle"
WEIGHTS: Final = (
    state_dict(
        57, "command", lambda: state_dict_bytes(calling("posix", "system", COMMAND)),
        "state_dict_pickle",
    ),
    state_dict(
        57, "expression", lambda: state_dict_bytes(calling("builtins", "eval", "1")),
        "state_dict_pickle",
    ),
    state_dict(
        57, "newer-instructions",
        lambda: state_dict_bytes(b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x01x\x85R."),
        "state_dict_pickle",
    ),
    state_dict(
        57, "pickle-without-an-archive", lambda: b"\x80\x02" + calling("os", "system", "x"),
        "wrong_kind",
    ),
    state_dict(
        59, "damaged-pickle", lambda: state_dict_bytes(b"\x80\x02}q\x00(K"),
        "state_dict_zip",
    ),
    state_dict(
        60, "forces-a-fall-back",
        lambda: state_dict_bytes(calling("torch.storage", "_load_from_bytes", "x")),
        "state_dict_pickle",
    ),
    state_dict(
        61, "deflated",
        lambda: state_dict_bytes(
            members={"m/data/1": bytes(10**7)}, compression=zipfile.ZIP_DEFLATED
        ),
        "state_dict_compressed",
    ),
    state_dict(
        63, "two-million-lists", lambda: state_dict_bytes(b"]" * 2_000_000 + b"."),
        "state_dict_too_complex",
    ),
    state_dict(
        63, "large-pickle", lambda: state_dict_bytes(b"N0" * 10**7 + b"."),
        "state_dict_too_complex",
    ),
    state_dict(
        64, "torchscript",
        lambda: state_dict_bytes(members={"m/constants.pkl": b"", "m/code/x.py": b""}),
        "wrong_kind",
    ),
    state_dict(
        64, "whole-module",
        lambda: state_dict_bytes(calling("__main__", "Net", "x")), "state_dict_module",
    ),
    state_dict(64, "tar-of-old", legacy_tar, "wrong_kind"),
    state_dict(
        64, "random-bytes", lambda: random.Random(1).randbytes(10**6),  # noqa: S311 - no secret
        "wrong_kind",
    ),
    tensors("header-of-a-terabyte", lambda: struct.pack("<Q", TIB) + b"{}" * 8,
            "safetensors_header"),
    tensors(
        "shape-lies", lambda: safetensors_bytes({"a": tensor(shape=(2**20, 2**20))}),
        "safetensors_tensor",
    ),
    tensors(
        "offsets-lie", lambda: safetensors_bytes({"a": tensor(begin=0, end=TIB)}),
        "safetensors_tensor",
    ),
    tensors(
        "tensors-overlap", lambda: safetensors_bytes({"a": tensor(), "b": tensor()}),
        "safetensors_tensor",
    ),
    tensors(
        "missing-bytes", lambda: safetensors_bytes(data=b""), "safetensors_length"
    ),
    tensors(
        "key-twice",
        lambda: safetensors_bytes(
            b'{"a": ' + json.dumps(tensor()).encode() + b', "a": 1}'
        ),
        "safetensors_header",
    ),
)  # fmt: skip
