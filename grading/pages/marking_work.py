"""The marking page: a student's answer, what checks found, and the rubric beside it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from accounts.models import User
from courses.models import Question
from courses.permissions import can_view_work_of
from grading.forms.marking_work import TypedMarking
from grading.models import GradingRun, Marking, Stage
from grading.pages.agreed_notice import AgreedNotice, agreed_notice
from grading.pages.earlier_markings import EarlierMarking, earlier_markings
from grading.pages.marking_cells import AnswerCell, MarkedNotebook, marked_notebook
from grading.pages.marking_desk import MarkingDesk
from grading.pages.marking_files import FileRow, file_rows
from grading.pages.marking_form import MarkingForm, marking_form
from grading.pages.marking_like import LikeList
from grading.pages.results import QuestionView, results_view
from grading.services.agreement import agreed_marking_of
from grading.services.marking_attempts import markings_of
from grading.services.marking_presence import present_markers
from grading.services.marking_queue import Neighbours, WorkItem, neighbours
from grading.services.saved_comments import saved_comments
from grading.services.visibility import staff_results
from rendering.notebooks import NotebookUnreadableError


@dataclass(frozen=True, kw_only=True)
class CellRow:
    """A cell at which a comment can stand. `cell` is None if it is not of the answer.

    `is_missing` means that a comment stands at a cell that the notebook does not have.
    """

    number: int
    name: str
    comment: str
    cell: AnswerCell | None = None
    is_missing: bool = False

    @property
    def within(self) -> str:
        """The name for the middle of a sentence."""
        return self.name[:1].lower() + self.name[1:]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How many of a question or of everything are marked."""

    done: int
    total: int

    @classmethod
    def of(cls, row: Sequence[WorkItem]) -> "Progress":
        """Return how many of these are marked. Excused students are left out."""
        counted = [each for each in row if not each.is_excused]
        return cls(done=sum(each.is_finished for each in counted), total=len(counted))

    @property
    def left(self) -> int:
        """How many are still to be marked."""
        return self.total - self.done


def stored_marking(markings: Sequence[Marking], item: WorkItem) -> Marking | None:
    """Return the item's own marking among those of the student."""
    return next(
        (
            each
            for each in markings
            if (each.submission_id, each.rubric_id, each.stage)
            == (item.submission, item.rubric, item.stage)
        ),
        None,
    )


def cell_rows(
    notebook: MarkedNotebook | None, item: WorkItem, comments: Mapping[int, str]
) -> Sequence[CellRow]:
    """Return the cells of the answer, and further cells at which a comment stands.

    A comment stays where the notebook has no such cell, or cannot be read now.
    """
    answer = notebook.answers.get(item.key, ()) if notebook else ()
    names = notebook.names if notebook else ()
    rows = [
        CellRow(
            number=each.number,
            name=each.name,
            comment=comments.get(each.number, ""),
            cell=each,
        )
        for each in answer
    ]
    shown = {each.number for each in answer}
    rows += [
        CellRow(
            number=number,
            name=(
                names[number - 1]
                if number <= len(names)
                else f"Cell {number} of attempt {item.attempt}"
            ),
            comment=text,
            is_missing=notebook is not None and number > notebook.count,
        )
        for number, text in sorted(comments.items())
        if number not in shown
    ]
    return rows


def check_results(run: GradingRun | None, now: dt.datetime) -> Sequence[QuestionView]:
    """Return what the automatic checks of all questions found, to marker's eyes."""
    if run is None:
        return ()
    found = results_view(staff_results(run, now)).questions
    return [each for each in found if each.checks]


@dataclass(frozen=True, kw_only=True)
class MarkingWorkPage:
    """All that the marking page shows. `present` is who else marks this now.

    `place` is the answer's place in the list that the person goes through, from 1.
    `fault` says why the notebook cannot be shown. `like` is None until answers are
    compared. `notes` are words about which attempt this is.
    """

    desk: MarkingDesk
    question: Question
    form: MarkingForm
    cells: Sequence[CellRow]
    notebook: MarkedNotebook | None
    fault: str
    notes: Sequence[str]
    results: Sequence[QuestionView]
    earlier: Sequence[EarlierMarking]
    agreed: AgreedNotice | None
    saved: Sequence[str]
    neighbours: Neighbours
    progress: Progress
    present: str
    sees_run: bool
    place: int = 0
    files: Sequence[FileRow] = ()
    like: LikeList | None = None

    @property
    def is_second(self) -> bool:
        """Whether this is a second marking."""
        return self.desk.item.stage == Stage.SECOND

    @property
    def has_answer(self) -> bool:
        """Whether cells of the answer were found in the notebook."""
        return any(row.cell for row in self.cells)

    @property
    def next_url(self) -> str:
        """The address of the next unmarked one; in a list, of its next answer."""
        if self.desk.walk is not None:
            return self.following_url
        item = self.neighbours.next_to_mark
        return self.desk.url_of(item) if item else ""

    @property
    def previous_url(self) -> str:
        """The address of the previous unmarked one; in a list, of the answer before."""
        if self.desk.walk is not None:
            return self.preceding_url
        item = self.neighbours.previous_to_mark
        return self.desk.url_of(item) if item else ""

    @property
    def following_url(self) -> str:
        """The address of the next one, marked or not."""
        item = self.neighbours.following
        return self.desk.url_of(item) if item else ""

    @property
    def preceding_url(self) -> str:
        """The address of the one before, marked or not."""
        item = self.neighbours.preceding
        return self.desk.url_of(item) if item else ""

    @property
    def notebook_url(self) -> str:
        """The address of the whole notebook."""
        return self.desk.url("marking-notebook", **self.desk.attempt_query)

    @property
    def frame_url(self) -> str:
        """The address of the whole notebook, at the first cell of the answer."""
        first = next((row.cell for row in self.cells if row.cell), None)
        return self.notebook_url + (f"#{first.anchor}" if first else "")

    @property
    def comments_url(self) -> str:
        """The address of the page that changes saved comments."""
        return self.desk.comments_url

    @property
    def changes_url(self) -> str:
        """The address of the notebook compared with the hand-out."""
        return self.desk.url("marking-changes", **self.desk.attempt_query)


def marking_work_page(
    desk: MarkingDesk,
    viewer: User,
    now: dt.datetime,
    *,
    typed: TypedMarking | None = None,
    faults: Sequence[str] = (),
    conflict: str = "",
    like: LikeList | None = None,
    take: str = "",
) -> MarkingWorkPage:
    """Return the page, with what was typed or else with the stored marking.

    `take` is the id of an earlier marking with which the form is filled. `conflict` says
    that somebody has changed the stored marking; the form then gets its version, so that
    storing it again is a decision.
    """
    markings = markings_of(desk.item, desk.question)
    stored = stored_marking(markings, desk.item)
    earlier = earlier_markings(markings, desk)
    shown = typed or _to_fill_in(stored, earlier, take)
    if conflict:
        shown = replace(shown, version=stored.version if stored else 0)
    notebook, fault = _notebook(desk)
    busy = (
        {}
        if desk.item.stage == Stage.SECOND
        else present_markers(desk.assignment, viewer)
    )
    row = desk.row
    return MarkingWorkPage(
        desk=desk,
        question=_question(desk),
        form=marking_form(desk.rubric, shown, stored, faults=faults, conflict=conflict),
        cells=cell_rows(notebook, desk.item, shown.cell_comments),
        notebook=notebook,
        fault=fault,
        notes=tuple(_notes(desk, markings)),
        results=check_results(desk.run, now),
        earlier=earlier,
        agreed=agreed_notice(desk, stored, agreed=_agreed(desk, markings)),
        saved=saved_comments(desk.rubric, viewer, desk.item.stage, desk.scope),
        neighbours=neighbours(
            row, key=desk.item.key, student=desk.item.student, busy=busy
        ),
        progress=Progress.of(row),
        place=row.index(desk.counting) + 1 if desk.walk is not None else 0,
        present=busy.get((desk.item.key, desk.item.student), ""),
        sees_run=desk.run is not None and _sees_run(desk, viewer),
        files=file_rows(desk),
        like=like,
    )


def _agreed(desk: MarkingDesk, markings: Sequence[Marking]) -> Marking | None:
    """Return the finished agreed marking of this work. Queries for second markers only."""
    item = desk.item
    if item.stage == Stage.SECOND:
        return agreed_marking_of(desk.target)
    wanted = (item.submission, item.rubric, Stage.AGREED)
    found = (
        each
        for each in markings
        if (each.submission_id, each.rubric_id, each.stage) == wanted
    )
    return next((each for each in found if each.is_finished), None)


def _sees_run(desk: MarkingDesk, viewer: User) -> bool:
    """Return whether the page may lead to the run, which says whose work it is."""
    return desk.scope.sees_names and can_view_work_of(viewer, desk.assignment)


def _to_fill_in(
    stored: Marking | None, earlier: Sequence[EarlierMarking], take: str
) -> TypedMarking:
    own = TypedMarking.from_marking(stored) if stored else TypedMarking()
    for each in earlier:
        if str(each.marking.pk) == take:
            return replace(
                each.would_give, version=own.version, cell_comments=own.cell_comments
            )
    return own


def _notebook(desk: MarkingDesk) -> tuple[MarkedNotebook | None, str]:
    if desk.submission is None or desk.is_files_only:
        return None, ""
    try:
        return marked_notebook(desk.notebook, desk.keys), ""
    except NotebookUnreadableError as error:
        return None, str(error)


def _question(desk: MarkingDesk) -> Question:
    """Return the question of the revision that is marked. One query without a run."""
    if desk.run is not None:
        found = desk.run.revision.questions.all()
        return next(each for each in found if each.key == desk.item.key)
    return Question.objects.get(revision=desk.item.revision, key=desk.item.key)


def _notes(desk: MarkingDesk, markings: Sequence[Marking]) -> Iterator[str]:
    item, counting = desk.item, desk.counting
    if item.is_excused:
        yield (
            "This student is excused, so nothing counts: neither what is handed in, now "
            "or later, nor what is marked. It is taken and can be marked, and counts once "
            "the decision is taken back."
        )
    elif desk.assignment.marks_are_out:
        yield (
            "The marks are released. What you store here changes the student's points and "
            "feedback at once."
        )
    if item.submission is None:
        yield "Nothing was handed in here. Points can be given for work on paper, say."
        return
    if item.submission != counting.submission:
        yield f"Attempt {item.attempt} does not count now. Attempt {counting.attempt} does."
    elif item.latest > item.attempt:
        latest = desk.attempts[0].submission if desk.attempts else None
        is_marked = any(
            each.submission_id == latest and each.is_finished for each in markings
        )
        marked = "is marked" if is_marked else "is not marked"
        yield (
            f"Attempt {item.latest} is newer and {marked}, but attempt {item.attempt} "
            "counts now."
        )
    if item.is_running:
        yield "The run of this attempt has not ended."
