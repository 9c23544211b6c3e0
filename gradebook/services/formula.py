"""The formula of a course: its components and assessments as rules for totals."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Final, NamedTuple

from courses.models import Assignment, Component, Course
from courses.models.texts import texts_of
from courses.pages.todo import total_of_shares
from formats.choices import Split
from formats.letter_scale import LetterScale, parse_letter_scale
from gradebook.totals import ComponentParts, CourseTotal, Part, course_total
from grading.services.counting import points_of_revisions

_ZERO: Final = Decimal(0)
_WHOLE: Final = Decimal(100)


class Score(NamedTuple):
    """What a student has for an assignment: None while there is no mark that counts.

    A withheld mark does not count until it is told: the total waits for it.
    """

    points: Decimal | None = None
    possible: Decimal | None = None
    is_excused: bool = False
    is_withheld: bool = False


NO_SCORE: Final = Score()


@dataclass(frozen=True, kw_only=True)
class Share:
    """A part of the course's total with the assignments that it is made of.

    `component` is None for an assignment that is a part by itself.
    """

    component: Component | None
    assignments: tuple[Assignment, ...]

    def seen(self, visible: Container[int]) -> tuple[Assignment, ...]:
        """Return those assignments whose ids are in `visible`."""
        return tuple(each for each in self.assignments if each.pk in visible)

    @property
    def key(self) -> int:
        """A number that no other part of the course has."""
        if self.component is not None:
            return self.component.pk
        return -self.assignments[0].pk

    @property
    def title(self) -> str:
        """The name of the part."""
        return str(self.component or self.assignments[0].title)

    @property
    def weight(self) -> Decimal:
        """The part's share of the total, in percent."""
        if self.component is not None:
            return self.component.weight_percent
        return self.assignments[0].weight_percent

    @property
    def is_extra(self) -> bool:
        """Whether it only adds to the total."""
        if self.component is not None:
            return self.component.is_extra_credit
        return self.assignments[0].is_extra_credit

    @property
    def module_code(self) -> str:
        """The module code whose students it counts for; empty for all."""
        return self.component.module_code if self.component else ""

    def counts_for(self, module_code: str) -> bool:
        """Return whether it is part of the total of students of this module code."""
        return self.component is None or self.component.counts_for(module_code)

    @property
    def split(self) -> Split:
        """How its assignments share it."""
        if self.component is None:
            return Split.EQUAL
        return self.component.split_among(self.assignments)

    @property
    def lacks_shares(self) -> bool:
        """Whether it is split by the share of each, and some have none yet."""
        is_by_share = self.split == Split.WEIGHT
        return is_by_share and any(not each.weight_percent for each in self.assignments)

    @property
    def split_total(self) -> Decimal:
        """The sum of the shares of its assignments, without those that only add."""
        shares = [
            each.weight_percent for each in self.assignments if not each.is_extra_credit
        ]
        return sum(shares, _ZERO)

    @property
    def shares_do_not_add_up(self) -> bool:
        """Whether its assignments' shares do not add up to its own."""
        is_split = bool(self.assignments) and not self.lacks_shares
        is_by_share = self.split == Split.WEIGHT
        return is_by_share and is_split and self.split_total != self.weight


@dataclass(frozen=True, kw_only=True)
class Formula:
    """How a course's total is made.

    `possible` are points by the assignment's id, and `revision_points` by the id of each
    of its revisions: marks of earlier ones count, too.
    """

    course: Course
    shares: tuple[Share, ...]
    possible: Mapping[int, Decimal]
    revision_points: Mapping[int, Decimal]

    def seen(
        self, visible: Container[int]
    ) -> tuple[tuple[Share, tuple[Assignment, ...]], ...]:
        """Return each part with those of its assignments whose ids are in `visible`.

        A hidden assignment that is a part by itself is left out.
        """
        shares = ((share, share.seen(visible)) for share in self.shares)
        return tuple(each for each in shares if each[0].component or each[1])

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """The assignments that count, in the order of the parts."""
        return tuple(each for share in self.shares for each in share.assignments)

    @cached_property
    def scale(self) -> LetterScale:
        """The course's letters."""
        return parse_letter_scale(self.course.letter_scale)

    @property
    def module_codes(self) -> tuple[str, ...]:
        """The codes whose students have different parts; one empty code if none do."""
        if any(share.module_code for share in self.shares):
            return tuple(texts_of(self.course.module_codes))
        return ("",)

    def weight_for(self, module_code: str) -> Decimal:
        """Return the sum of the weights for students of this code, in percent."""
        return total_of_shares(
            [share.component for share in self.shares if share.component],
            [share.assignments[0] for share in self.shares if not share.component],
            module_code=module_code,
        )

    def lacks_code(self, module_code: str) -> bool:
        """Return whether there is no total for students of this code alone.

        So it is if parts count only for students of some codes, and no code of the
        course is entered for the student.
        """
        if module_code not in self._weights:
            self._weights[module_code] = self.weight_for(module_code)
        return self._weights[module_code] != _WHOLE

    @cached_property
    def _weights(self) -> dict[str, Decimal]:
        """The sums of the weights by module code, as they are asked for."""
        return {}

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """Return why there is no total yet, in words; empty if there is one."""
        return tuple(self._problems())

    def _problems(self) -> Sequence[str]:
        found = []
        for code in self.module_codes:
            weight = self.weight_for(code)
            if weight != _WHOLE:
                of_code = f" for students of {code}" if code else ""
                found.append(
                    f"The weights add up to {weight.normalize():f} %{of_code}, "
                    "not to 100 %."
                )
        found += [
            f"It is not decided how {share.title} is split."
            for share in self.shares
            if share.assignments and share.lacks_shares
        ]
        return found

    def shares_for(self, module_code: str) -> list[Share]:
        """Return the parts that count for students of this module code."""
        return [share for share in self.shares if share.counts_for(module_code)]

    def parts(
        self, scores: Mapping[int, Score], module_code: str = ""
    ) -> list[ComponentParts]:
        """Return the parts with a student's scores by the assignment's id."""
        return [
            self._component_parts(share, scores)
            for share in self.shares_for(module_code)
        ]

    def total(self, scores: Mapping[int, Score], module_code: str = "") -> CourseTotal:
        """Return the total of a student with these scores.

        It has no percentage if `lacks_code`: the parts that count are not known.
        """
        found = course_total(
            self.parts(scores, module_code),
            pass_percent=self.course.pass_mark,
            scale=self.scale,
        )
        if not self.lacks_code(module_code):
            return found
        return replace(found, percent=None, letter="", passes=None, is_complete=False)

    def _component_parts(
        self, share: Share, scores: Mapping[int, Score]
    ) -> ComponentParts:
        parts = [
            self._part(each, scores.get(each.pk, NO_SCORE))
            for each in share.assignments
        ]
        component = share.component
        if component is None:
            return ComponentParts(
                key=share.key,
                weight=share.weight,
                parts=parts,
                split=Split.EQUAL,
                is_extra=share.is_extra,
            )
        return ComponentParts(
            key=share.key,
            weight=share.weight,
            parts=parts,
            split=share.split,
            drop_lowest=component.drop_lowest,
            best_count=component.best_count,
            required=component.required_percent,
            is_extra=share.is_extra,
        )

    def _part(self, assignment: Assignment, score: Score) -> Part:
        possible = score.possible or self.possible.get(assignment.pk, _ZERO)
        return Part(
            key=assignment.pk,
            possible=possible,
            weight=assignment.weight_percent,
            is_extra=assignment.is_extra_credit and assignment.component_id is not None,
            points=score.points,
            is_excused=score.is_excused,
        )


def load_formula(course: Course) -> Formula:
    """Return the formula of the course, of hidden assignments too. Three queries."""
    rows = course.assignments.select_related("course", "component").defer("summary")
    return formula_of(course, list(rows.order_by("due_at", "pk")))


def formula_of(course: Course, assignments: Sequence[Assignment]) -> Formula:
    """Return the formula with all assignments of the course. Two queries.

    A component without an assignment is a part, too: what is in it is still to come. An
    assignment without a component and a weight is no part of the total.
    """
    components = list(course.components.all())
    shares = [
        Share(
            component=component,
            assignments=tuple(
                each for each in assignments if each.component_id == component.pk
            ),
        )
        for component in components
    ]
    alone = [
        Share(component=None, assignments=(each,))
        for each in assignments
        if each.component_id is None and each.weight_percent
    ]
    points = points_of_revisions(assignments)
    possible = {
        each.pk: points.get(each.revision_id or 0, _ZERO)
        if each.marks_out_of is None
        else each.marks_out_of
        for each in assignments
    }
    return Formula(
        course=course,
        shares=(*shares, *alone),
        possible=possible,
        revision_points=points,
    )
