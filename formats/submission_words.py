"""The words of every problem of a submission, by its code: message and hint."""

from dataclasses import dataclass
from typing import Final

from formats.findings import (
    FileName,
    Name,
)
from formats.problems import Problem


@dataclass(frozen=True)
class Words:
    """The message of a problem, and the hint: what is wrong, and what to do."""

    message: str
    hint: str = ""


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
        "This coursework cannot be handed in yet: it has no published revision.",
        "Tell your lecturer.",
    ),
    "closed": Words(
        "This coursework closed on {closed}.",
        "If you have an extension that is not shown here, write to your lecturer.",
    ),
    "attempts_used_up": Words(
        "You have used all {limit} attempts at this coursework.",
        "The attempts that you have handed in are kept and marked.",
    ),
}

FILES: Final[dict[str, Words]] = {
    "file_missing": Words("“{name}” is missing.", "Add it and hand in again."),
    "file_unexpected": Words("“{name}” was not asked for.", "Hand in {wanted}."),
    "file_duplicated": Words(
        "“{name}” was handed in {times} times.", "Keep one of them."
    ),
    "file_empty": Words(
        "“{name}” is empty (0 bytes).",
        "Look at the file on your machine: was it saved, and downloaded to the end?",
    ),
    "file_too_large": Words(
        "“{name}” is larger than the limit of {limit}.",
        "Make it smaller: for a notebook, clear the outputs; for weights, save the "
        "model only, without the optimiser.",
    ),
    "files_too_large": Words(
        "The files together are larger than the limit of {limit}."
    ),
    "store_full": Words(
        "The portal has no room left to store your files. This is our fault.",
        "Tell your lecturer, and try again in a few minutes.",
    ),
    "lfs_pointer": Words(
        "“{name}” is a Git LFS pointer: a note of three lines, not the file itself.",
        "Run “git lfs pull” in your repository and hand in the file again.",
    ),
    "wrong_kind": Words(
        "“{name}” is {found}, but {wanted} was asked for{slot}.",
        "{fix}",
    ),
}

NOTEBOOKS: Final[dict[str, Words]] = {
    "notebook_bytes": Words(
        "“{name}” is not UTF-8 text: byte {byte}, on line {line}.", SAVE_AGAIN
    ),
    "notebook_utf16": Words(
        "“{name}” is saved as UTF-16 text; a notebook is UTF-8.", SAVE_AGAIN
    ),
    "notebook_conflict": Words(
        "“{name}” has git conflict marks, the first on line {line}: {quote}",
        "Resolve the conflict (git mergetool, or keep one version with "
        "“git checkout --ours” or “--theirs”), look at it in Jupyter, and hand it in "
        "again.",
    ),
    "notebook_cut_short": Words(
        "“{name}” ends in the middle, on line {line}: the save or the download was "
        "cut short.",
        "Save or download it again, and check that it opens in Jupyter.",
    ),
    "notebook_json": Words(
        "“{name}” is not valid JSON: {fault}, line {line}, column {column}: {quote}",
        "A notebook edited as text breaks easily. Restore it, or repair this line, "
        "until it opens in Jupyter.",
    ),
    "notebook_number": Words("“{name}” holds a number that is too long.", SAVE_AGAIN),
    "notebook_nan": Words(
        "“{name}” is not valid JSON: it holds {value}, on line {line}.",
        "Clear the outputs, save it in Jupyter, and hand it in again.",
    ),
    "notebook_duplicate_key": Words(
        "“{name}” holds the key “{key}” twice in one place, often the trace of a merge.",
        SAVE_AGAIN,
    ),
    "notebook_too_deep": Words(
        "“{name}” nests deeper than {limit} levels.", SAVE_AGAIN
    ),
    "notebook_too_many": Words(
        "“{name}” holds too many values to be read.",
        "Clear the outputs, save it, and hand it in again.",
    ),
    "notebook_not": Words(
        "“{name}” is JSON, but not a notebook: {why}.", "Hand in the .ipynb file."
    ),
    "notebook_too_old": Words(
        "“{name}” is in notebook format {version}, which is too old to be read.",
        SAVE_AGAIN,
    ),
    "notebook_too_new": Words(
        "“{name}” is in notebook format {version}; this portal knows format 4.",
        "Save it as format 4 and hand it in again.",
    ),
    "notebook_cell": Words(
        "Cell {place} of “{name}” (text cells counted, too) is broken: {why}.",
        SAVE_AGAIN,
    ),
    "notebook_cells": Words(
        "“{name}” has {count} cells; the limit is {limit}.",
        "Remove the cells that are not needed.",
    ),
    "notebook_outputs": Words(
        "“{name}” has {count} stored outputs; the limit is {limit}.",
        "Clear the outputs, save it, and hand it in again.",
    ),
    "notebook_language": Words(
        "“{name}” is a notebook for {language}; this coursework runs Python.",
        "Hand in a Python notebook. If the code is Python, choose a Python kernel in "
        "Jupyter (Kernel, Change kernel) and save it.",
    ),
    "notebook_unrepeatable": Words(
        "“{name}” holds metadata that cannot be written back.", SAVE_AGAIN
    ),
}

WEIGHTS: Final[dict[str, Words]] = {
    "safetensors_header": Words(
        "“{name}” is not a whole safetensors file: {why}.", SAVE_SAFETENSORS
    ),
    "safetensors_tensor": Words(
        "“{name}” describes the tensor “{tensor}” wrongly: {why}.", SAVE_SAFETENSORS
    ),
    "safetensors_length": Words(
        "“{name}” has {found} of the {wanted} bytes that its header promises.",
        "The save or the download was cut short, or something was added. "
        "Download or save it again.",
    ),
    "state_dict_zip": Words(
        "“{name}” is not a whole PyTorch file: {why}.",
        "The save or the download was cut short, or the file was changed. "
        + SAVE_STATE_DICT,
    ),
    "state_dict_compressed": Words(
        "“{name}” was compressed by another program: {why}.",
        "Hand in the file as torch.save wrote it. " + SAVE_STATE_DICT,
    ),
    "state_dict_names": Words(
        "“{name}” holds a member with an unusual name: {why}.", SAVE_STATE_DICT
    ),
    "state_dict_module": Words(
        "“{name}” holds a whole pickled object ({what}), not a state dict. It cannot "
        "be read without running its code.",
        SAVE_STATE_DICT,
    ),
    "state_dict_pickle": Words(
        "“{name}” asks for {what} when it is read, which no state dict needs. torch.load "
        "refuses it with weights_only.",
        SAVE_STATE_DICT + ". Keep only tensors, numbers, texts, lists and dicts in it.",
    ),
    "state_dict_protocol": Words(
        "“{name}” was saved with pickle protocol {protocol}, which torch.load does not "
        "read with weights_only.",
        SAVE_STATE_DICT + ", without pickle_protocol.",
    ),
    "torchscript_damaged": Words(
        "“{name}” is not a whole TorchScript program: {why}.",
        "The save or the download was cut short, or the file was changed. "
        + SAVE_TORCHSCRIPT,
    ),
    "state_dict_too_complex": Words(
        "“{name}” holds too many objects to be a state dict.", SAVE_STATE_DICT
    ),
}

WARNINGS: Final[dict[str, Words]] = {
    "notebook_old_format": Words(
        "“{name}” is in the old notebook format {version}. A copy in format 4 is run.",
        "Save it in a current Jupyter to be sure that it looks as you mean it.",
    ),
    "notebook_no_code": Words(
        "“{name}” has no code: nothing will be run.",
        "Check that you handed in the right notebook.",
    ),
    "notebook_characters": Words(
        "{where} of “{name}” holds characters that are no text; they are replaced "
        "by � when it is run."
    ),
    "cell_conflict": Words(
        "{where} of “{name}” holds git conflict marks.",
        "Resolve the conflict and hand in again.",
    ),
    "cell_syntax": Words(
        "{where} of “{name}” does not read as Python {version}, line {cell_line} of "
        "the cell: {quote}",
        "Unless it is newer Python, that cell will fail. Run it in Jupyter to see why.",
    ),
    "check_cell_copied": Words(
        "Cells {cells} of “{name}” check the same question, “{key}”.",
        "The question is tested at each of the copies, three at most. The one that earns "
        "most in the checks whose results you see first counts, or else the last. Delete "
        "the copies that you do not need.",
    ),
    "check_cell_moved": Words(
        "The check cell of “{key}” in “{name}” (cell {cell}) stands below a cell that "
        "comes after it in the hand-out.",
        "If that cell uses the same names, the question is tested further up, where the "
        "hand-out has its check cell. Put the check cell, and your answer to the "
        "question, back in their places.",
    ),
    "check_cells_gone": Words(
        "“{name}” has none of this hand-out's check cells. It may be the notebook of "
        "another assignment.",
        "Begin with the hand-out of this page, and keep its check cells: a question is "
        "tested where its check cell stands.",
    ),
    "weights_device": Words(
        "“{name}” was saved on {device}, which is not there when your notebook runs. "
        "Without map_location, {loader} stops with an error.",
        'Load it with: {loader}("{required}", map_location="{target}"). Or save it again '
        "after model.cpu().",
    ),
    "weights_wrapped": Words(
        "{some} in “{name}” begin with “{prefix}”, which {wrappers} has put there. A "
        "model without it does not find its weights by such names.",
        'Save the model inside: {save}({inner}.state_dict(), "{required}")',
    ),
    "weights_wrapped_inside": Words(
        "{some} in “{name}” begin with “{prefix}” or the like, and {wrappers} has put "
        "“{part}” there. A model without it does not find its weights by such names.",
        'Load them with: {{key.replace("{part}", ""): value for key, value in '
        "weights.items()}}",
    ),
    "imports_missing": Words(
        "{where} imports “{package}”, which is not installed where your notebook runs.",
        "The cell stops there. Do without the package, or import it in a cell of its own, "
        "so that nothing else is lost. The coursework page lists what is installed.",
    ),
    "opens_missing": Words(
        "{where} opens “{path}”, which was not handed in.",
        "The file will not be there, unless the notebook makes it first.",
    ),
    "opens_wanted": Words(
        "{where} opens “{path}”, which was not handed in.",
        "It is one of the files that this coursework takes: hand it in too.",
    ),
    "opens_other_name": Words(
        "{where} opens “{path}”, which was not handed in.",
        "Is it “{other}”? Open the file by that name.",
    ),
    "opens_elsewhere": Words(
        "{where} opens “{path}”, but files lie beside the notebook.",
        "Open it as “{other}”.",
    ),
    "opens_network": Words(
        "{where} reads “{path}”, but there is no network where it is run.",
        "Use the files that come with the coursework.",
    ),
    "opens_absolute": Words(
        "{where} opens “{path}”, a place on your own machine.",
        "Files lie beside the notebook: open them by their name alone.",
    ),
}

WORDS: Final[dict[str, Words]] = {**RIGHTS, **FILES, **NOTEBOOKS, **WEIGHTS, **WARNINGS}


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
