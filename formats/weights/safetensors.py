"""Read the header of a safetensors file with our own code: eight bytes, and JSON.

The format: a little-endian 64-bit length, that many bytes of JSON, then the tensors'
bytes without gaps. https://github.com/huggingface/safetensors describes it.
"""

import json
import math
import os
from dataclasses import dataclass
from typing import IO, Any, Final, TypeGuard

from formats.findings import Findings, Name
from formats.submission_words import problem, shown
from formats.weights.weight_names import warn_of_wrappers

LENGTH_BYTES: Final = 8
MAX_HEADER_BYTES: Final = 4 * 1024**2
MAX_TENSORS: Final = 20_000
MAX_RANK: Final = 16
MAX_SIDE: Final = 2**48
# The bits of one element.
DTYPES: Final = {
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "F16": 16, "BF16": 16,
    "U32": 32, "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64, "C64": 64,
    "F8_E4M3": 8, "F8_E5M2": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F8_E8M0": 8,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip
METADATA: Final = "__metadata__"


class HeaderFaultError(Exception):
    """The header cannot be read. `why` completes “is not a whole safetensors file”."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class TensorFaultError(Exception):
    """The header contradicts itself about one tensor."""

    def __init__(self, tensor: str, why: str) -> None:
        self.tensor, self.why = tensor, why
        super().__init__(why)


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """The header's entry of a tensor. The offsets count from the header's end."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def check_safetensors(content: IO[bytes], *, name: Name) -> Findings:
    """Return what is wrong with the header, or with the number of bytes after it."""
    try:
        tensors, data_bytes = read_header(content)
        promised = _check_layout(tensors)
    except HeaderFaultError as fault:
        found = problem("safetensors_header", file=name, why=fault.why)
    except TensorFaultError as fault:
        tensor = shown(fault.tensor)
        found = problem("safetensors_tensor", file=name, tensor=tensor, why=fault.why)
    else:
        if promised == data_bytes:
            names = [tensor.name for tensor in tensors]
            warnings = warn_of_wrappers([names], name=name, save="save_file")
            return Findings(warnings=tuple(warnings))
        found = problem(
            "safetensors_length",
            file=name,
            found=f"{data_bytes:,}",
            wanted=f"{promised:,}",
        )
    return Findings(problems=(found,))


def read_header(content: IO[bytes]) -> tuple[list[Tensor], int]:
    """Return the tensors in the header, and the number of bytes after it.

    Raises HeaderFaultError or TensorFaultError.
    """
    size = content.seek(0, os.SEEK_END)
    content.seek(0)
    start = content.read(LENGTH_BYTES)
    length = int.from_bytes(start, "little")
    if size < LENGTH_BYTES + 2:
        raise HeaderFaultError("it is too short to have a header")
    if length > size - LENGTH_BYTES:
        raise HeaderFaultError("its header is longer than the file")
    if length > MAX_HEADER_BYTES:
        raise HeaderFaultError("its header is larger than any model needs")
    header = _parse(content.read(length))
    header.pop(METADATA, None)
    if not header:
        raise HeaderFaultError("it holds no tensors")
    if len(header) > MAX_TENSORS:
        raise HeaderFaultError(f"it names more than {MAX_TENSORS:,} tensors")
    tensors = [_tensor(name, entry) for name, entry in header.items()]
    return tensors, size - LENGTH_BYTES - length


def _parse(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text.decode(), object_pairs_hook=_without_duplicates)
    except HeaderFaultError:
        raise
    except (ValueError, RecursionError) as error:
        raise HeaderFaultError("its header is not valid JSON") from error
    if not isinstance(header, dict):
        raise HeaderFaultError("its header is not a JSON object")
    return header


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entry = dict(pairs)
    if len(entry) != len(pairs):
        raise HeaderFaultError("its header names a key twice")
    return entry


def _tensor(name: str, entry: object) -> Tensor:
    if not isinstance(entry, dict):
        raise TensorFaultError(name, "its entry is not an object")
    dtype, shape = entry.get("dtype"), entry.get("shape")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise TensorFaultError(
            name, f"the number type {shown(str(dtype), 20)} is unknown"
        )
    if not _are_counts(shape) or len(shape) > MAX_RANK:
        raise TensorFaultError(name, "its shape is not a list of sizes")
    offsets = entry.get("data_offsets")
    if not _are_counts(offsets) or len(offsets) != 2:  # noqa: PLR2004  begin and end
        raise TensorFaultError(name, "its place is not two numbers")
    return Tensor(
        name=name, dtype=dtype, shape=tuple(shape), begin=offsets[0], end=offsets[1]
    )


def _are_counts(value: object) -> TypeGuard[list[int]]:
    """Return whether this is a list of integers within bounds, without booleans."""
    return isinstance(value, list) and all(
        type(each) is int and 0 <= each <= MAX_SIDE for each in value
    )


def _check_layout(tensors: list[Tensor]) -> int:
    """Return how many bytes the tensors take, one after the other.

    Raises TensorFaultError if a tensor has another size than its shape needs, overlaps
    its neighbour or leaves a gap. In such a file the header does not describe all the
    bytes.
    """
    end = 0
    for tensor in sorted(tensors, key=lambda each: (each.begin, each.end)):
        bits = math.prod(tensor.shape) * DTYPES[tensor.dtype]
        if (tensor.end - tensor.begin) * 8 != bits:
            raise TensorFaultError(tensor.name, "its size does not fit its shape")
        if tensor.begin != end:
            raise TensorFaultError(tensor.name, "it does not follow the one before it")
        end = tensor.end
    return end
