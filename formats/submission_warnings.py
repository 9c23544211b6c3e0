"""The words of what is doubtful in a submission, and does not keep it from running."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Words:
    """The message of a problem, and the hint: what is wrong, and what to do."""

    message: str
    hint: str = ""


WARNINGS: Final[dict[str, Words]] = {
    "document_cut_short": Words(
        "The end of “{name}” is missing. Perhaps it was not saved or downloaded "
        "completely.",
        "Open it on your machine. If its last page or part is missing, save it again "
        "and hand it in again.",
    ),
    "notebook_old_format": Words(
        (
            "“{name}” is in the old notebook format {version}. The portal converts "
            "it to format 4 and runs that."
        ),
        (
            "To be sure that nothing is lost, save it in a current Jupyter and hand "
            "it in again."
        ),
    ),
    "notebook_no_code": Words(
        "“{name}” has no code, so nothing will be run.",
        "Check that you handed in the right notebook.",
    ),
    "notebook_characters": Words(
        "{where} of “{name}” has characters that are not valid text. When the "
        "notebook runs, � stands in their place."
    ),
    "cell_conflict": Words(
        "{where} of “{name}” has git conflict marks.",
        "Resolve the conflict and hand in again.",
    ),
    "cell_syntax": Words(
        "{where} of “{name}” is not valid Python {version}, at line {cell_line} of "
        "the cell: {quote}",
        (
            "This cell will probably fail. Run it in Jupyter to see why. (If the "
            "code needs a newer Python, check which version runs your notebook.)"
        ),
    ),
    "check_cell_copied": Words(
        "Cells {cells} of “{name}” check the same question, “{key}”.",
        "The question is tested at each of these cells, three at most. The cell that "
        "earns most in the checks whose results you see at once counts, or else the "
        "last one. Delete the cells that you do not need.",
    ),
    "check_cell_moved": Words(
        "The check cell of “{key}” in “{name}” (cell {cell}) stands below a cell that "
        "comes after it in the hand-out.",
        "If that cell uses the same names, the question is tested further up, where the "
        "hand-out has its check cell. Put the check cell, and your answer to the "
        "question, back in their places.",
    ),
    "check_cells_gone": Words(
        "“{name}” has no check cells of this hand-out. Perhaps it is the notebook of "
        "another assignment.",
        "Start with the hand-out from this page, and keep its check cells. A "
        "question is tested at the place of its check cell.",
    ),
    "weights_device": Words(
        "“{name}” was saved on {device}, but your notebook runs without it. Without "
        "map_location, {loader} stops with an error.",
        'Load it with: {loader}("{required}", map_location="{target}"). Or save it again '
        "after model.cpu().",
    ),
    "weights_wrapped": Words(
        "{some} in “{name}” begin with “{prefix}”, which {wrappers} has added. A "
        "model without this wrapper cannot find its weights under these names.",
        'Save the model inside: {save}({inner}.state_dict(), "{required}")',
    ),
    "weights_wrapped_inside": Words(
        "{some} in “{name}” begin with “{prefix}” or a similar prefix, and "
        "{wrappers} has added “{part}”. A model without this wrapper cannot find its "
        "weights under these names.",
        'Load them with: {{key.replace("{part}", ""): value for key, value in '
        "weights.items()}}",
    ),
    "imports_missing": Words(
        "{where} imports “{package}”, which is not installed where your notebook runs.",
        "The cell will stop there. Do not use the package, or import it in a "
        "separate cell, so that nothing else is lost. The coursework page lists the "
        "installed packages.",
    ),
    "opens_missing": Words(
        "{where} opens “{path}”, which was not handed in.",
        "The file will be missing, unless the notebook makes it first.",
    ),
    "opens_wanted": Words(
        "{where} opens “{path}”, which was not handed in.",
        "This coursework accepts this file. Hand it in too.",
    ),
    "opens_other_name": Words(
        "{where} opens “{path}”, which was not handed in.",
        "Do you mean “{other}”? Open the file by that name.",
    ),
    "opens_elsewhere": Words(
        (
            "{where} opens “{path}”, but your files are in the same folder as the "
            "notebook."
        ),
        "Open it as “{other}”.",
    ),
    "opens_network": Words(
        "{where} reads “{path}”, but your notebook runs without a network.",
        "Use the files that come with the coursework.",
    ),
    "opens_absolute": Words(
        "{where} opens “{path}”, a place on your own machine.",
        (
            "Your files are in the same folder as the notebook. Open them by their "
            "name alone."
        ),
    ),
}
