"""Weights: which kind they are by content, and the one line that makes them right."""

from typing import IO, Final

from submissions.messages import (
    SAVE_SAFETENSORS,
    SAVE_STATE_DICT,
    SAVE_TORCHSCRIPT,
    problem,
)
from submissions.problems import Findings, Problem
from submissions.validation.kinds import Kind, kind_of
from submissions.validation.safetensors import check_safetensors
from submissions.validation.state_dicts import check_state_dict
from submissions.validation.torchscript import check_torchscript
from submissions.validation.zips import ZipFaultError, kind_of_zip, read_zip

WANTED: Final = {
    "safetensors": "weights in a safetensors file",
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
SWAPPED: Final = "Were two files swapped? Put the notebook in the notebook's field."


def check_weights(content: IO[bytes], *, name: str, wanted: str) -> Findings:
    """Return what is wrong with the weights; nothing is unpickled or loaded."""
    content.seek(0)
    kind = kind_of(content)
    if wanted == "safetensors" and kind in {Kind.SAFETENSORS, Kind.UNKNOWN}:
        return check_safetensors(content, name=name)
    if kind is Kind.ZIP:
        return _check_zip(content, name=name, wanted=wanted)
    return _wrong_kind(kind, name=name, wanted=wanted)


def _check_zip(content: IO[bytes], *, name: str, wanted: str) -> Findings:
    try:
        members = read_zip(content)
    except ZipFaultError as fault:
        return Findings(problems=(problem("state_dict_zip", file=name, why=fault.why),))
    kind = kind_of_zip(members)
    if kind is Kind.TORCH_ZIP and wanted == "state_dict":
        return check_state_dict(content, members, name=name)
    if kind is Kind.TORCHSCRIPT and wanted == "torchscript":
        return check_torchscript(members, name=name)
    return _wrong_kind(kind, name=name, wanted=wanted)


def _wrong_kind(kind: Kind, *, name: str, wanted: str) -> Findings:
    return Findings(
        problems=(wrong_kind(kind, name, WANTED[wanted], fix(kind, name, wanted)),)
    )


def fix(kind: Kind, name: str, wanted: str) -> str:
    """Return what to do about this kind of file where weights were wanted."""
    if kind in {Kind.HTML, Kind.XML}:
        return DOWNLOADED
    if kind in {Kind.NOTEBOOK, Kind.JSON}:
        return SWAPPED
    if kind in {Kind.ZIP, Kind.GZIP, Kind.TAR, Kind.SEVEN_ZIP, Kind.RAR}:
        return ARCHIVED
    return FIXES[wanted].format(name=name)


def wrong_kind(kind: Kind, name: str, wanted: str, what_to_do: str) -> Problem:
    """Return the words for a file of another kind than the one asked for."""
    return problem(
        "wrong_kind", file=name, wanted=wanted, found=kind.value, fix=what_to_do
    )
