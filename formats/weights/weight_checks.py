"""Check which kind weights are, by content, and say how to save them correctly."""

from typing import IO, Final

from formats.findings import FileName, Findings, Name
from formats.kinds import ARCHIVES, MAC_NOTE, Kind, kind_of, wrong_kind
from formats.submission_words import (
    SAVE_SAFETENSORS,
    SAVE_STATE_DICT,
    SAVE_TORCHSCRIPT,
    problem,
)
from formats.weights.safetensors import check_safetensors
from formats.weights.state_dicts import check_state_dict
from formats.weights.torchscript import check_torchscript
from formats.zip_directory import ZipFaultError, kind_of_zip, read_zip

WANTED: Final = {
    "safetensors": "a safetensors file with weights",
    "state_dict": "a state dict saved by torch.save",
    "torchscript": "a TorchScript program",
}
FIXES: Final = {
    "safetensors": SAVE_SAFETENSORS,
    "state_dict": SAVE_STATE_DICT,
    "torchscript": SAVE_TORCHSCRIPT,
}
DOWNLOADED: Final = (
    "A page was downloaded in place of the file, as happens with links that need a "
    "sign-in. Download the file itself."
)
ARCHIVED: Final = "Unpack it and hand in the weights file from it."
SAVE_IN_ZIP: Final = (
    'Save it again with: torch.save(torch.load("{required}", map_location="cpu"), '
    '"{required}"), without _use_new_zipfile_serialization.'
)
SWAPPED: Final = "Were two files swapped? Put the notebook in the notebook's field."


def check_weights(
    content: IO[bytes], *, name: Name, wanted: str, has_gpu: bool = False
) -> Findings:
    """Return what is wrong with the weights, without unpickling or loading them.

    `has_gpu` means that the notebook which loads them runs with a GPU.
    """
    content.seek(0)
    kind = kind_of(content)
    if wanted == "safetensors" and kind in {Kind.SAFETENSORS, Kind.UNKNOWN}:
        return check_safetensors(content, name=name)
    if kind is Kind.ZIP:
        return _check_zip(content, name=name, wanted=wanted, has_gpu=has_gpu)
    return _wrong_kind(kind, name=name, wanted=wanted)


def _check_zip(
    content: IO[bytes], *, name: Name, wanted: str, has_gpu: bool
) -> Findings:
    try:
        members = read_zip(content)
    except ZipFaultError as fault:
        return Findings(problems=(problem("state_dict_zip", file=name, why=fault.why),))
    kind = kind_of_zip(members)
    if kind is Kind.TORCH_ZIP and wanted == "state_dict":
        return check_state_dict(content, members, name=name, has_gpu=has_gpu)
    if kind is Kind.TORCHSCRIPT and wanted == "torchscript":
        return check_torchscript(content, members, name=name, has_gpu=has_gpu)
    return _wrong_kind(kind, name=name, wanted=wanted)


def _wrong_kind(kind: Kind, *, name: Name, wanted: str) -> Findings:
    what_to_do = advice_for(kind, name, wanted)
    return Findings(
        problems=(wrong_kind(kind, name, wanted=WANTED[wanted], fix=what_to_do),)
    )


def advice_for(kind: Kind, name: Name, wanted: str) -> str:
    """Return the advice for this kind of file where weights were wanted."""
    if kind in {Kind.HTML, Kind.XML}:
        return DOWNLOADED
    if kind is Kind.MAC_NOTE:
        return MAC_NOTE
    if kind in {Kind.NOTEBOOK, Kind.JSON}:
        return SWAPPED
    if kind in ARCHIVES:
        return ARCHIVED
    if kind is Kind.TORCH_LEGACY and wanted == "state_dict":
        return SAVE_IN_ZIP.format(required=_required(name))
    return FIXES[wanted].format(required=_required(name))


def _required(name: Name) -> str:
    return name.required if isinstance(name, FileName) else name
