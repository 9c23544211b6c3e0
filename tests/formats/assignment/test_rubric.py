"""A rubric in assignment.yaml, and the points for its items."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.assignment.manifest import read_manifest
from formats.assignment.rubric import Choose, GroupRules, RubricRules, Starts
from formats.problems import ProblemList

MANY = "items:" + "\n- {text: a, points: 1}" * 201
HEAD = """
format: 1
title: Essay
notebook: work.ipynb
required_files:
  - {name: work.ipynb, kind: notebook, max_mb: 1}
questions:
  - key: words
    title: In words
    kind: manual
    points: 10
    rubric:
"""


def read(rubric: str) -> tuple[object, list[str]]:
    faults = ProblemList()
    indented = "".join(f"      {line}\n" for line in rubric.strip().splitlines())
    found = read_manifest((HEAD + indented).encode(), faults)
    assert found is not None
    return found.bundle.questions[0].rubric, [
        fault.message for fault in faults.error().problems
    ]


def test_a_rubric_has_groups_with_bounds_or_plain_items() -> None:
    rubric, faults = read("""
starts: full
groups:
  - title: Argument
    choose: one
    max: 4
    min: -2
    items:
      - {text: Clear, points: 4}
      - {text: Wrong, points: -2.5}
""")
    assert not faults
    assert rubric.starts == Starts.FULL  # type: ignore[attr-defined]  # a rubric
    (group,) = rubric.groups  # type: ignore[attr-defined]  # a rubric
    assert (group.choose, group.maximum, group.minimum) == (Choose.ONE, 4, -2)
    assert [item.points for item in group.items] == [4, Decimal("-2.5")]
    short, faults = read("items:\n  - {text: Clear, points: 4}")
    assert not faults
    assert len(short.groups) == 1  # type: ignore[attr-defined]  # a rubric


@pytest.mark.parametrize(
    ("rubric", "words"),
    [
        ("starts: zero", "at least one item"),
        ("groups:\n  - {title: A}", "at least one item"),
        ("items:\n  - {text: A, points: 0.001}", "two decimals"),
        ("items:\n  - {points: 1}", "text"),
        (
            "groups:\n  - {min: 3, max: 1, items: [{text: A, points: 1}]}",
            "above “max”",
        ),
        (
            "items: [{text: A, points: 1}]\ngroups: [{items: [{text: A, points: 1}]}]",
            "either",
        ),
        (MANY, "200 items at most"),
    ],
)
def test_a_faulty_rubric_is_refused_in_words(rubric: str, words: str) -> None:
    _, faults = read(rubric)
    assert any(words in fault for fault in faults), faults


def test_the_most_points_are_those_of_the_best_choice() -> None:
    group = GroupRules(points={1: Decimal(3), 2: Decimal(2), 3: Decimal(-1)})
    one = replace(group, chooses_one=True)
    bounded = replace(group, maximum=Decimal(4))
    low = replace(group, points={1: Decimal(-1)}, minimum=Decimal(1))
    for groups, most in (((group,), 5), ((one, bounded), 7), ((low,), 1), ((), 0)):
        assert RubricRules(possible=Decimal(10), groups=groups).most == most


_POINTS = st.decimals(-20, 20, places=2)


_GROUP = st.builds(
    lambda points, bounds, chooses_one: GroupRules(
        points=dict(enumerate(points)),
        chooses_one=chooses_one,
        minimum=min(bounds),
        maximum=max(bounds),
    ),
    st.lists(_POINTS, min_size=1, max_size=4),
    st.tuples(_POINTS, _POINTS),
    st.booleans(),
)


@given(
    starts=st.sampled_from(list(Starts)),
    group=_GROUP,
    chosen=st.sets(st.integers(0, 5)),
    adjustment=_POINTS,
)
def test_points_stay_within_the_question_whatever_is_chosen(
    starts: Starts, group: GroupRules, chosen: set[int], adjustment: Decimal
) -> None:
    rules = RubricRules(possible=Decimal(10), starts=starts, groups=(group,))
    earned = rules.earned(chosen, adjustment)
    assert 0 <= earned <= 10
    assert group.minimum is not None
    assert group.maximum is not None
    assert group.minimum <= group.earned(chosen) <= group.maximum
    assert rules.earned(chosen | {99}, adjustment) == earned
    assert rules.earned(chosen, Decimal(0)) <= rules.most <= 10
    nothing = rules.earned({99}, Decimal(0))
    assert nothing == (10 if starts == Starts.FULL else 0)
