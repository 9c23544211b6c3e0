"""The words of every problem of a submission, by its code: message and hint."""

from typing import Final

from formats.findings import FileName, Name
from formats.problems import Problem
from formats.submission_warnings import WARNINGS, Words

SAVE_AGAIN: Final = "Open it in Jupyter, save it, and hand it in again."
SAVE_SAFETENSORS: Final = (
    "Save them with: from safetensors.torch import save_file; "
    'save_file(model.state_dict(), "{required}")'
)
SAVE_STATE_DICT: Final = 'Save them with: torch.save(model.state_dict(), "{required}")'

SAVE_TORCHSCRIPT: Final = 'Save it with: torch.jit.script(model).save("{required}")'

RIGHTS: Final[dict[str, Words]] = {
    "not_enrolled": Words(
        "You are not enrolled as a student of this course.",
        "Ask your lecturer to enrol you.",
    ),
    "not_released": Words("This coursework is not open yet."),
    "not_published": Words(
        "You cannot hand in this coursework yet, because its tests are not published.",
        "Tell your lecturer.",
    ),
    "nothing_to_hand_in": Words(
        "Nothing is handed in here: people enter the marks of this coursework.",
        "Ask your lecturer if you think that you should hand in something.",
    ),
    "closed": Words(
        "This coursework closed on {closed}.",
        "If you have an extension that is not shown here, write to your lecturer.",
    ),
    "attempts_used_up": Words(
        "You have used all {limit} attempts at this coursework.",
        "The attempts that you have handed in are kept and marked.",
    ),
    "self_checks_off": Words("This coursework has no checks before handing in."),
    "no_self_check_left": Words(
        "You have no check of this coursework left for now.",
        "You have one more from {next} on. Handing in does not wait for it.",
    ),
    "files_dropped": Words(
        "The portal no longer has the files of this check.",
        "Choose them again on the page of the coursework.",
    ),
    "budget_used_up": Words(
        "Your runs of this coursework may use {limit} of {device} time, and they have "
        "used {used}.",
        "The attempts that you have handed in are kept and marked. If you need more "
        "time, ask your lecturer.",
    ),
}

FILES: Final[dict[str, Words]] = {
    "file_missing": Words("“{name}” is missing.", "Add it and hand in again."),
    "file_unexpected": Words(
        ("This coursework does not ask for “{name}”."), "Hand in only {wanted}."
    ),
    "file_duplicated": Words(
        "“{name}” was handed in {times} times.", "Keep one of them."
    ),
    "file_empty": Words(
        "“{name}” is empty (0 bytes).",
        (
            "Check the file on your machine. Perhaps it was not saved, or the "
            "download did not finish."
        ),
    ),
    "file_too_large": Words(
        "“{name}” is larger than the limit of {limit}.",
        "Make the file smaller. In a notebook, clear the outputs. For weights, save "
        "only the model, without the optimiser.",
    ),
    "files_too_large": Words(
        "The files together are larger than the limit of {limit}."
    ),
    "attempt_open": Words(
        "You have opened an attempt at this coursework with other files, on {opened}.",
        "Hand that attempt in, or drop it. Then open this one.",
    ),
    "opened_too_large": Words(
        "With these files, your opened attempts in this course would have {wanted}. "
        "The limit is {limit}.",
        "Hand in or drop an attempt that you have opened.",
    ),
    "quota_used_up": Words(
        "With these files, your files in this course would take {wanted}. The limit is "
        "{limit}.",
        "Drop an attempt that you have opened and do not need, or hand in smaller "
        "weights. Otherwise ask your lecturer, who can give students more room.",
    ),
    "checks_take_room": Words(
        "The store still keeps much of what you had checked in the last weeks, so these "
        "files were not checked.",
        "You can hand them in. Files that were checked before can be checked again.",
    ),
    "wrong_sha256": Words(
        "What arrived as “{name}” does not have the SHA-256 that was declared, so it "
        "was thrown away.",
        "If the file has changed, drop this attempt and open another one. If it has "
        "not, send it again.",
    ),
    "store_full": Words(
        "The portal has no room left to store your files. This is our fault.",
        "Tell your lecturer, and try again in a few minutes.",
    ),
    "store_unreachable": Words(
        "The portal cannot reach the place where it stores files. This is our fault: "
        "nothing was handed in.",
        "Try again in a few minutes. If it goes on, tell your lecturer.",
    ),
    "lfs_pointer": Words(
        "“{name}” is a Git LFS pointer: a short text in place of the file itself.",
        "Run “git lfs pull” in your repository. Then hand in the file again.",
    ),
    "wrong_kind": Words(
        "“{name}” is {found}, but this coursework asks for {wanted}{slot}.",
        "{fix}",
    ),
}

DOCUMENTS: Final[dict[str, Words]] = {
    "zip_damaged": Words(
        "“{name}” is not a complete zip archive: {why}.",
        "Perhaps it was not saved or downloaded completely. Make the archive again.",
    ),
    "zip_encrypted": Words(
        "“{name}” has files that are protected by a password, so nobody could open them.",
        "Make the archive again without a password.",
    ),
    "zip_empty": Words(
        "“{name}” is a zip archive without files.", "Add the files to it."
    ),
    "text_not_utf8": Words(
        "“{name}” is not UTF-8 text: byte {byte}, on line {line}.",
        "Save it as UTF-8 in your editor. A document from a word processor is no plain "
        "text.",
    ),
}

NOTEBOOKS: Final[dict[str, Words]] = {
    "notebook_bytes": Words(
        "“{name}” is not UTF-8 text: byte {byte}, on line {line}.", SAVE_AGAIN
    ),
    "notebook_utf16": Words(
        "“{name}” is saved as UTF-16 text, but a notebook must be UTF-8.", SAVE_AGAIN
    ),
    "notebook_conflict": Words(
        "“{name}” has git conflict marks, the first on line {line}: {quote}",
        "Resolve the conflict (use git mergetool, or keep one version with “git "
        "checkout --ours” or “--theirs”). Check the notebook in Jupyter, and hand it "
        "in again.",
    ),
    "notebook_cut_short": Words(
        "“{name}” is not complete: it ends in the middle, on line {line}. Perhaps it "
        "was not saved or downloaded completely.",
        "Save or download it again, and check that it opens in Jupyter.",
    ),
    "notebook_json": Words(
        "“{name}” is not valid JSON: {fault}, line {line}, column {column}: {quote}",
        "Perhaps the notebook was edited as text. Restore an older version, or "
        "repair this line. Check that it opens in Jupyter.",
    ),
    "notebook_number": Words("“{name}” holds a number that is too long.", SAVE_AGAIN),
    "notebook_nan": Words(
        "“{name}” is not valid JSON: it has the value {value} on line {line}.",
        "Clear the outputs, save it in Jupyter, and hand it in again.",
    ),
    "notebook_duplicate_key": Words(
        (
            "“{name}” has the key “{key}” twice in one place. This often comes from "
            "a merge in git."
        ),
        SAVE_AGAIN,
    ),
    "notebook_too_deep": Words(
        "“{name}” has more than {limit} levels of nesting.", SAVE_AGAIN
    ),
    "notebook_too_many": Words(
        "“{name}” has too many values, so it cannot be read.",
        "Clear the outputs, save it, and hand it in again.",
    ),
    "notebook_not": Words(
        "“{name}” is JSON, but not a notebook: {why}.", "Hand in the .ipynb file."
    ),
    "notebook_too_old": Words(
        "“{name}” is in notebook format {version}. This format is too old.",
        SAVE_AGAIN,
    ),
    "notebook_too_new": Words(
        (
            "“{name}” is in notebook format {version}, but this portal can only read "
            "format 4."
        ),
        "Save it as format 4 and hand it in again.",
    ),
    "notebook_cell": Words(
        "Cell {place} of “{name}” is broken: {why}. (Text cells are counted too.)",
        SAVE_AGAIN,
    ),
    "notebook_cells": Words(
        "“{name}” has {count} cells, but the limit is {limit}.",
        "Remove the cells that you do not need.",
    ),
    "notebook_outputs": Words(
        "“{name}” has {count} stored outputs, but the limit is {limit}.",
        "Clear the outputs, save it, and hand it in again.",
    ),
    "notebook_language": Words(
        "“{name}” is a notebook for {language}, but this coursework runs Python.",
        "Hand in a Python notebook. If the code is Python, choose a Python kernel in "
        "Jupyter (Kernel, Change kernel) and save it.",
    ),
    "notebook_unrepeatable": Words(
        "“{name}” has metadata that cannot be saved again.", SAVE_AGAIN
    ),
}

WEIGHTS: Final[dict[str, Words]] = {
    "safetensors_header": Words(
        "“{name}” is not a complete safetensors file: {why}.", SAVE_SAFETENSORS
    ),
    "safetensors_tensor": Words(
        "“{name}” describes the tensor “{tensor}” wrongly: {why}.", SAVE_SAFETENSORS
    ),
    "safetensors_length": Words(
        "By its header, “{name}” should have {wanted} bytes, but it has {found}.",
        "Perhaps it was not saved or downloaded completely, or something was added. "
        "Download or save it again.",
    ),
    "state_dict_zip": Words(
        "“{name}” is not a complete PyTorch file: {why}.",
        "The save or the download was cut short, or the file was changed. "
        + SAVE_STATE_DICT,
    ),
    "state_dict_compressed": Words(
        "“{name}” was compressed by another program: {why}.",
        "Hand in the file as torch.save wrote it. " + SAVE_STATE_DICT,
    ),
    "state_dict_names": Words(
        "“{name}” contains a file with an unusual name: {why}.", SAVE_STATE_DICT
    ),
    "state_dict_module": Words(
        "“{name}” is a whole pickled object ({what}), not a state dict. It cannot be "
        "read without running its code.",
        SAVE_STATE_DICT,
    ),
    "state_dict_pickle": Words(
        "When “{name}” is read, it asks for {what}. A state dict never needs this, "
        "and torch.load with weights_only refuses it.",
        SAVE_STATE_DICT + ". Keep only tensors, numbers, texts, lists and dicts in it.",
    ),
    "state_dict_protocol": Words(
        "“{name}” was saved with pickle protocol {protocol}. torch.load with "
        "weights_only cannot read this protocol.",
        SAVE_STATE_DICT + ", without pickle_protocol.",
    ),
    "torchscript_damaged": Words(
        "“{name}” is not a complete TorchScript program: {why}.",
        "The save or the download was cut short, or the file was changed. "
        + SAVE_TORCHSCRIPT,
    ),
    "state_dict_too_complex": Words(
        "“{name}” has too many objects for a state dict.", SAVE_STATE_DICT
    ),
}

WORDS: Final[dict[str, Words]] = {
    **RIGHTS,
    **FILES,
    **DOCUMENTS,
    **NOTEBOOKS,
    **WEIGHTS,
    **WARNINGS,
}


def shown(text: str, limit: int = 80) -> str:
    """Return text that is safe to show in a sentence: one short line, all visible."""
    head = text[:limit].replace("\t", " ")
    # Direction marks can make a name look like another one. Unusual blanks are
    # invisible.
    clean = "".join(each if each.isprintable() else "�" for each in head)
    return clean + "…" if len(text) > limit else clean


def size_in_words(size: int) -> str:
    """Return a size as people write it: 20 MB, 1.5 MB, 300 KB, 12 bytes."""
    for unit, step in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if size >= step:
            return f"{size / step:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"


def problem(
    code: str, *, file: Name = "", line: int | None = None, **values: object
) -> Problem:
    """Return the problem with this code, with the values filled into its words.

    `name` in the words is the person's own name for the file. `required` is the name
    under which it is handed in.
    """
    words = WORDS[code]
    required = file.required if isinstance(file, FileName) else file
    filled = {
        "name": shown(str(file), 120),
        "required": shown(required, 120),
        "line": line,
        **values,
    }
    return Problem(
        code=code,
        message=words.message.format(**filled),
        file=required,
        line=line,
        hint=words.hint.format(**filled),
    )


def clean_file_name(name: str) -> str:
    """Return the last part of a file's path, all visible, of at most 255 characters."""
    last = name.replace("\\", "/").rpartition("/")[2].strip()
    return shown(last, 254)
