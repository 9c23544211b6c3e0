"""Add the questions of an Otter notebook that people mark."""

from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Final

from formats.assignment import Question, answer_places, check_key
from formats.assignment.answer_cells import OtterBlock, mark_answer, otter_blocks
from formats.assignment.rubric import Rubric
from formats.choices import QuestionKind
from formats.importing.draft import Draft, ImportOptions, exact_points
from formats.importing.mark_schemes import points_in
from formats.importing.plain_words import plain_title

_ANSWER_TAG: Final = "otter_answer_cell"


def add_manual_questions(draft: Draft, options: ImportOptions, *, file: str) -> None:
    """Add a question for each of Otter's blocks that has points, and mark its cells.

    A block is what stands between BEGIN QUESTION and END QUESTION. The import gives its
    points, or its words do: “(5 points)”. The questions get the order of their cells.
    `file` is the hand-out, for notes.
    """
    blocks = otter_blocks(draft.handout["cells"])
    staffs = {block.key: block for block in otter_blocks(draft.staff["cells"])}
    taken = {question.key for question in draft.questions}
    without = []
    for block in blocks:
        key = block.key if block.key not in taken else f"{block.key[:50]}-by-hand"
        question = _question(block, key, options)
        if question is None:
            without.append(key)
            continue
        draft.questions.append(question)
        own = staffs.get(block.key)
        for notebook, found in ((draft.handout, block), (draft.staff, own)):
            for place in found.places if found else ():
                mark_answer(notebook["cells"][place], key)
    _sort(draft)
    if without:
        draft.note(
            f"Not a question, because nothing gives its points: {', '.join(without)}.",
            file=file,
            hint="If people mark it, give its points: on the page, or with "
            f"--points {without[0]}=N.",
        )
    _note_on_answers(draft, file)


def _question(block: OtterBlock, key: str, options: ImportOptions) -> Question | None:
    points, rubric = points_in(block.title, block.text)
    points = _number(block.points) if block.points else points
    if key in options.points:
        points = options.points[key]
    if points is None:
        return None
    return Question(
        key=key,
        title=plain_title(block.title) or key,
        points=points,
        kind=QuestionKind.MANUAL,
        rubric=rubric if rubric and _sum(rubric) == points else None,
    )


def _number(text: str) -> Decimal | None:
    try:
        return exact_points(float(text))
    except ValueError:
        return None


def _sum(rubric: Rubric) -> Decimal:
    items = (item for group in rubric.groups for item in group.items)
    return sum((item.points for item in items), Decimal(0))


def _sort(draft: Draft) -> None:
    """Put the questions in the order of their cells. Those without a cell are last."""
    cells = draft.handout["cells"]
    first: dict[str, int] = {}
    for place, cell in enumerate(cells):
        first.setdefault(check_key(cell) or "", place)
    for key, places in answer_places(cells, _by_hand(draft)).items():
        first[key] = min(places, default=len(cells))
    draft.questions.sort(key=lambda each: first.get(each.key, len(cells)))


def _by_hand(draft: Draft) -> list[str]:
    return [q.key for q in draft.questions if q.kind == QuestionKind.MANUAL]


def _note_on_answers(draft: Draft, file: str) -> None:
    """Note the written answers that belong to no question."""
    found = answer_places(draft.handout["cells"], _by_hand(draft))
    known = {place for places in found.values() for place in places}
    written = dict.fromkeys(
        draft.faults.place(file, place + 1) for place in _answers(draft, known)
    )
    if written:
        draft.note(
            f"Written answers ({', '.join(written)}) are not part of a question, "
            "because Otter's files do not give their points.",
            file=file,
            hint="Keep the folder with --write, and add questions of the kind “manual”.",
        )


def _answers(draft: Draft, known: Collection[int]) -> Iterator[int]:
    for place, cell in enumerate(draft.handout["cells"]):
        tags = cell["metadata"].get("tags", [])
        is_written = _ANSWER_TAG in tags and cell["cell_type"] == "markdown"
        if is_written and place not in known:
            yield place
