"""The marking page: what it shows, what it stores, and to whom it is open."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from courses.models import Assignment, RubricItem
from grading.models import MarkerAllocation, MarkingPresence, SavedComment, Stage
from grading.services.marking import GivenMarking, MarkingTarget, save_marking
from grading.services.saved_comments import saved_comments
from submissions.models import SubmittedFile
from tests.factories import EnrolmentFactory, UserFactory, hours, store_text
from tests.grading.marking import (
    address,
    answered,
    code_of,
    item_id,
    marked_assignment,
    marker_of,
    marking_of,
    notebook,
)
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


def target_of(run: Any, stage: Stage = Stage.FIRST) -> MarkingTarget:
    return MarkingTarget(
        rubric=run.revision.questions.get(key="words").rubric,
        student=run.work.author,
        submission=run.work,
        stage=stage,
    )


def test_finishing_stores_the_marking_and_goes_to_the_next_unmarked() -> None:
    assignment = marked_assignment()
    runs = [answered(assignment, f"Answer {number}") for number in range(3)]
    runs.sort(key=lambda run: code_of(assignment, run.work.author))
    client = signed_in(marker_of(assignment))
    page = client.get(address(runs[0]))
    text = words(page)
    assert "Answer" in text
    assert "0 of 10" in text
    assert "0 of 3 marked" in text
    group = RubricItem.objects.get(text="Full").group_id
    form = {
        "attempt": "1",
        "version": "0",
        "item": [item_id("Clear"), item_id("Wrong sign")],
        f"group-{group}": item_id("Half"),
        "adjustment": "0,5",
        "comment": "Well argued.",
        "cell-2": "Here.",
        "action": "finish",
    }
    answer = client.post(address(runs[0]), form)
    assert answer["Location"] == address(runs[1])
    marking = marking_of(runs[0])
    assert marking is not None
    assert (marking.points, marking.comment) == (Decimal("6.5"), "Well argued.")
    assert marking.cell_comments.get().text == "Here."
    assert SavedComment.objects.get().text == "Well argued."
    again = words(client.get(address(runs[0])))
    assert "6.5 of 10" in again
    assert "1 of 3 marked" in again


def test_loser_of_two_markers_sees_why_and_keeps_what_they_typed() -> None:
    assignment = marked_assignment()
    run = answered(assignment)
    first = marker_of(assignment, first_name="Alan", last_name="Turing")
    client = signed_in(marker_of(assignment))
    given = GivenMarking(items=frozenset({item_id("Clear")}), comment="Theirs")
    save_marking(actor=first, target=target_of(run), given=given, version=0)
    typed = {
        "attempt": "1",
        "version": "0",
        "item": item_id("Wrong sign"),
        "comment": "Mine",
        "cell-2": "There",
    }
    answer = client.post(address(run), typed)
    assert answer.status_code == 409
    text = words(answer)
    assert "Alan Turing has changed this marking since you opened it." in text
    assert "Stored now: 4 of 10 points, with “Clear”." in text
    html = answer.content.decode()
    for kept in ("Mine", "There", "Theirs", 'name="version" value="1"'):
        assert kept in html
    marking = marking_of(run)
    assert marking is not None
    assert marking.comment == "Theirs"
    client.post(address(run), {**typed, "version": "1", "adjustment": "0"})
    marking.refresh_from_db()
    assert (marking.comment, marking.version) == ("Mine", 2)


def test_whoever_changed_it_in_another_window_is_told_so() -> None:
    assignment = marked_assignment()
    run = answered(assignment)
    client = signed_in(marker_of(assignment))
    form = {"attempt": "1", "version": "0", "item": item_id("Clear")}
    client.post(address(run), form)
    again = client.post(address(run), form)
    assert again.status_code == 409
    said = "You have changed this marking since you opened it, in another window."
    assert said in words(again)


def test_faulty_points_store_nothing_and_stay_in_the_form() -> None:
    run = answered(marked_assignment())
    client = signed_in(marker_of(run.work.assignment))
    for text in ("two", "NaN", "1e1000000", "0.001", "9" * 12):
        answer = client.post(
            address(run),
            {"attempt": "1", "version": "0", "adjustment": text, "comment": "Kept"},
        )
        assert answer.status_code == 422
        assert "Kept" in answer.content.decode()
    assert marking_of(run) is None


def test_what_was_stored_is_said_by_name_or_by_code_while_names_are_hidden() -> None:
    assignment = marked_assignment()
    run = answered(assignment)
    author = run.work.author
    client = signed_in(marker_of(assignment))
    form = {"attempt": "1", "version": "0", "item": item_id("Clear")}
    draft = client.post(address(run), {**form, "action": "draft"}, follow=True)
    assert f"{author.name}: a draft, which counts nothing." in words(draft)
    Assignment.objects.update(marking_is_anonymous=True)
    done = client.post(address(run), {**form, "version": "1"}, follow=True)
    assert f"{code_of(assignment, author)}: 4 of 10 points." in words(done)
    assert author.name not in words(done)


def test_draft_counts_nothing_and_a_marking_can_be_taken_back() -> None:
    run = answered(marked_assignment())
    client = signed_in(marker_of(run.work.assignment))
    answer = client.post(
        address(run),
        {"attempt": "1", "version": "0", "adjustment": "2", "action": "draft"},
    )
    assert answer["Location"] == address(run)
    marking = marking_of(run)
    assert marking is not None
    assert (marking.adjustment, marking.is_finished) == (Decimal(2), False)
    client.post(address(run), {"attempt": "1", "version": "1", "adjustment": "2"})
    client.post(address(run), {"attempt": "1", "version": "2", "action": "remove"})
    marking.refresh_from_db()
    assert (marking.adjustment, marking.is_finished) == (Decimal(0), False)


def test_page_is_open_to_those_who_may_mark_this_alone() -> None:
    assignment = marked_assignment(markers_see_own_only=True)
    mine, other = answered(assignment), answered(assignment)
    marker = marker_of(assignment)
    MarkerAllocation.objects.create(
        assignment=assignment, marker=marker, student=mine.work.author
    )
    names = ("marking-work", "marking-notebook", "marking-changes", "marking-like")
    for person, run, expected in (
        (marker, mine, 200),
        (marker, other, 404),
        (marker_of(assignment, "lecturer"), other, 200),
        (mine.work.author, mine, 403),
        (UserFactory.create(), mine, 404),
    ):
        client = signed_in(person)
        found = [client.get(address(run, name=name)).status_code for name in names]
        assert found == [expected] * 4
    client = signed_in(marker)
    assert (
        client.post(
            address(other), {"attempt": "1", "version": "0", "adjustment": "0"}
        ).status_code
        == 404
    )
    code = code_of(assignment, other.work.author)
    client.post(
        address(mine),
        {"attempt": "1", "version": "0", "adjustment": "0", "alike": f"{code}:1:0"},
    )
    assert (marking_of(mine) is None, marking_of(other) is None) == (False, True)
    presence = address(other, name="marking-presence")
    assert client.post(presence, {"version": "0"}).status_code == 404
    assert client.get(address(mine, key="answer")).status_code == 404


def test_second_marker_sees_nothing_of_the_first_marking() -> None:
    assignment = marked_assignment()
    run = answered(assignment)
    first = marker_of(assignment, first_name="Alan", last_name="Turing")
    second = marker_of(assignment)
    MarkerAllocation.objects.create(
        assignment=assignment, marker=second, stage=Stage.SECOND
    )
    client, others = signed_in(second), signed_in(first)
    typed = {"item": item_id("Clear"), "comment": "Canary", "cell-2": "Bird"}
    others.post(address(run), {"attempt": "1", "version": "0", **typed})
    presence = address(run, name="marking-presence")
    others.post(presence, {"version": "1"})
    names = ("marking-work", "marking-like", "marking-notebook")
    answers = [client.get(address(run, name=name)) for name in names]
    answers.append(client.post(presence, {"version": "0"}))
    for answer in answers:
        page = answer.content.decode()
        for secret in ("Canary", "Bird", "Turing"):
            assert secret not in page
        assert not re.search(r"data-points=[^>]* checked", page)
        assert "has changed" not in page
    client.post(
        address(run), {"attempt": "1", "version": "0", "item": item_id("Wrong sign")}
    )
    assert marking_of(run, Stage.SECOND) is not None
    # Nor does the first marker see the second marking, or who makes it.
    page = words(others.get(address(run)))
    assert "4 of 10" in page
    assert second.name not in page


def test_no_name_is_anywhere_while_marking_is_anonymous() -> None:
    assignment = marked_assignment(marking_is_anonymous=True)
    student = EnrolmentFactory.create(
        course=assignment.course,
        user__first_name="Canaria",
        user__last_name="Quillfeather",
        user__login="zq17",
        user__email="z.q@canary.example",
    ).user
    text = "By Canaria Quillfeather (zq17), in /home/zq17/work"
    unrun = answered(assignment, text, student=student, executed_sha256="")
    run = answered(assignment, text, student=student)
    SubmittedFile.objects.update(original_name="quillfeather.ipynb")
    stored = store_text(notebook({"words": text}, authors=[{"name": "Quillfeather"}]))
    run.executed_sha256 = stored[0]
    run.save()
    client = signed_in(marker_of(assignment, "lecturer"))
    names = ("marking-work", "marking-notebook", "marking-changes", "marking-like")
    for query in ("", "?attempt=1", "?whole=1"):
        for name in names:
            answer = client.get(address(run, name=name) + query)
            assert answer.status_code == 200
            sent = answer.content.decode() + repr(answer.headers)
            for part in ("canar", "quillfeather", "zq17"):
                assert part not in sent.casefold(), (name, query)
    assert unrun.work.attempt == 1
    # The same pages say the name where marking is not anonymous.
    assignment.marking_is_anonymous = False
    assignment.save()
    assert "Canaria Quillfeather" in words(client.get(address(run)))


def test_earlier_marking_is_beside_a_new_attempt_and_is_taken_over() -> None:
    assignment = marked_assignment()
    old = answered(assignment)
    marker = marker_of(assignment)
    given = GivenMarking(
        items=frozenset({item_id("Clear")}), adjustment=Decimal(1), comment="Good"
    )
    earlier = save_marking(actor=marker, target=target_of(old), given=given, version=0)
    run = answered(assignment, student=old.work.author)
    client = signed_in(marker)
    page = client.get(address(run))
    assert "5 of 10 for attempt 1" in words(page)
    assert "0 of 10" in words(page)
    taken = client.get(f"{address(run)}?take={earlier.pk}").content.decode()
    assert 'value="1" inputmode' in taken
    assert ">Good</textarea>" in taken
    assert taken.count(" checked") == page.content.decode().count(" checked") + 1
    # Attempt 1 can be looked at, and does not count.
    assert "Attempt 1 does not count now." in words(
        client.get(f"{address(run)}?attempt=1")
    )
    assert client.get(f"{address(run)}?attempt=3").status_code == 404
    client.post(
        f"{address(run)}?attempt=1", {"attempt": "1", "version": "1", "adjustment": "7"}
    )
    earlier.refresh_from_db()
    assert earlier.adjustment == 7
    assert marking_of(run) is None


def test_nothing_is_stored_for_an_attempt_that_the_marker_did_not_see() -> None:
    assignment = marked_assignment()
    old, other = answered(assignment), answered(assignment)
    client = signed_in(marker_of(assignment))
    assert 'name="attempt" value="1"' in client.get(address(old)).content.decode()
    new = answered(assignment, student=old.work.author)
    sent = {"attempt": "1", "version": "0", "adjustment": "0", "comment": "Kept"}
    answer = client.post(address(old), sent)
    assert answer.status_code == 409
    assert "Attempt 2 is marked now, but you marked another one." in words(answer)
    for kept in (">Kept</textarea>", 'name="attempt" value="2"'):
        assert kept in answer.content.decode()
    code = code_of(assignment, old.work.author)
    sent["alike"] = f"{code}:1:0"
    answer = client.post(address(other), sent, follow=True)
    assert f"Not stored for {code}: Attempt 2 is marked now" in words(answer)
    found = [marking_of(run) is not None for run in (old, new, other)]
    assert found == [False, False, True]


def test_page_says_that_a_change_counts_at_once_after_the_release() -> None:
    assignment = marked_assignment()
    run = answered(assignment)
    client, said = signed_in(marker_of(assignment)), "The marks are released."
    assert said not in words(client.get(address(run)))
    Assignment.objects.update(marks_released_at=hours(-1))
    assert said in words(client.get(address(run)))


def test_newer_attempt_that_does_not_count_is_said_in_words() -> None:
    assignment = marked_assignment()
    run = answered(assignment)
    answered(assignment, student=run.work.author, finished=False, executed_sha256="")
    page = words(signed_in(marker_of(assignment)).get(address(run)))
    assert "Attempt 2 is newer and is not marked, but attempt 1 counts now." in page


def test_failed_run_is_marked_by_the_notebook_as_it_was_handed_in() -> None:
    run = answered(
        marked_assignment(),
        "My *reason*.",
        finished=False,
        needs_staff=True,
        executed_sha256="",
    )
    client = signed_in(marker_of(run.work.assignment))
    page = client.get(address(run))
    assert "As it was handed in: the run left no notebook" in words(page)
    assert "My <em>reason</em>." in page.content.decode()
    client.post(address(run), {"attempt": "1", "version": "0", "adjustment": "3"})
    found = marking_of(run)
    assert found is not None
    assert found.points == 3


def test_html_of_a_student_stands_in_the_frame_alone() -> None:
    run = answered(marked_assignment(), "<script>alert(1)</script>")
    document = notebook({"words": "x"}).replace(
        '"cell_type": "markdown"',
        '"outputs": [{"output_type": "display_data", "data": {"text/html": "<div class=alert>Sign in</div>"}}], "cell_type": "code"',
    )
    run.executed_sha256 = store_text(document)[0]
    run.save()
    client = signed_in(marker_of(run.work.assignment))
    page = client.get(address(run))
    assert "Sign in" not in page.content.decode()
    assert "A table or other HTML" in words(page)
    frame = client.get(address(run, name="marking-notebook"))
    assert "Sign in" in words(frame)
    assert "sandbox" in frame.headers["Content-Security-Policy"]


def test_like_answers_get_the_same_and_stale_ones_are_named() -> None:
    assignment = marked_assignment()
    runs = [answered(assignment, "The same.") for _ in range(3)]
    other = answered(assignment, "Another.")
    client = signed_in(marker_of(assignment))
    codes = [code_of(assignment, run.work.author) for run in (*runs, other)]
    like = words(client.get(address(runs[0], name="marking-like")))
    assert codes[1] in like
    assert codes[2] in like
    assert codes[3] not in like
    assert codes[1] in words(client.get(address(runs[0]) + "?like=1"))
    given = GivenMarking(comment="Theirs")
    marker = marker_of(assignment)
    save_marking(actor=marker, target=target_of(runs[2]), given=given, version=0)
    answer = client.post(
        address(runs[0]),
        {
            "attempt": "1",
            "version": "0",
            "item": item_id("Clear"),
            "alike": [
                f"{codes[1]}:1:0",
                f"{codes[2]}:1:0",
                "BCDFGH:1:0",
                codes[0],
                ":",
            ],
        },
        follow=True,
    )
    # After a refused form, what somebody has changed since is chosen no longer.
    for version, is_chosen in (("1", True), ("0", False)):
        chosen = {
            "attempt": "1",
            "version": "0",
            "adjustment": "0",
            "alike": f"{codes[1]}:1:{version}",
        }
        again = client.post(address(runs[0]), chosen)
        box = rf'value="{codes[1]}:1:1"[^>]* checked'
        assert bool(re.search(box, again.content.decode())) is is_chosen
        assert ("changed since you chose it" in words(again)) is not is_chosen
    name = runs[0].work.author.name
    assert f"{name}: 4 of 10 points, and 1 with a like answer." in words(answer)
    assert f"Not stored for {codes[2]}: {marker.name} has changed" in words(answer)
    found = [marking_of(run) for run in runs]
    assert [each.points if each else None for each in found] == [4, 4, 0]
    assert answer.request["PATH_INFO"] == address(other)


def test_like_answers_are_listed_and_marked_in_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("grading.pages.marking_like.MOST_ALIKE", 1)
    monkeypatch.setattr("grading.views.marking_work.MOST_ALIKE", 1)
    assignment = marked_assignment()
    runs = [answered(assignment, "The same.") for _ in range(3)]
    codes = [code_of(assignment, run.work.author) for run in runs]
    marker = marker_of(assignment)
    client = signed_in(marker)
    sent = {
        "attempt": "1",
        "version": "0",
        "adjustment": "0",
        "alike": [f"{code}:1:0" for code in codes[1:]],
    }
    answer = client.post(address(runs[0]), sent)
    assert answer.status_code == 422
    assert "Choose at most 1 like answers at a time." in words(answer)
    assert "1 more is alike." in words(answer)
    assert [marking_of(run) for run in runs] == [None] * 3
    # The next list has the one that is still unmarked.
    given = GivenMarking()
    save_marking(actor=marker, target=target_of(runs[1]), given=given, version=0)
    like = words(client.get(address(runs[0], name="marking-like")))
    assert (codes[1] in like, codes[2] in like) == (False, True)


def test_the_key_for_like_answers_ticks_identical_ones_alone() -> None:
    assignment = marked_assignment()
    long = " ".join(f"word{number}" for number in range(60))
    texts = (long, f"{long} ", long.replace("word30", "other"))
    run, same, near = (answered(assignment, text) for text in texts)
    client = signed_in(marker_of(assignment))
    html = client.get(address(run, name="marking-like")).content.decode()
    boxes = {
        code: " data-alike" in box
        for box, code in re.findall(
            r'<input ([^>]*)>.*?<span class="mono">([^<]+)', html
        )
    }
    codes = [code_of(assignment, each.work.author) for each in (same, near)]
    assert boxes == dict(zip(codes, (True, False), strict=True))


def test_saved_comments_are_offered_the_most_used_first() -> None:
    assignment = marked_assignment()
    runs = [answered(assignment) for _ in range(3)]
    client = signed_in(marker_of(assignment))
    for run, text in zip(runs, ("Once.", "Twice.", "Twice."), strict=True):
        client.post(
            address(run),
            {
                "attempt": "1",
                "version": "0",
                "adjustment": "0",
                "comment": "",
                "saved": text,
            },
        )
    assert [(each.text, each.used) for each in SavedComment.objects.all()] == [
        *(("Twice.", 2), ("Once.", 1))
    ]
    page = client.get(address(runs[0])).content.decode()
    assert page.index('<option value="Twice."') < page.index('<option value="Once."')
    client.post(
        address(runs[0]),
        {"attempt": "1", "version": "1", "adjustment": "0", "comment": "x" * 301},
    )
    assert SavedComment.objects.count() == 2


def test_comments_of_a_second_marking_are_offered_to_nobody_else() -> None:
    assignment = marked_assignment()
    run = answered(assignment)
    first, second = marker_of(assignment), marker_of(assignment)
    MarkerAllocation.objects.create(
        assignment=assignment, marker=second, stage=Stage.SECOND
    )
    for marker, text in ((first, "Of the first."), (second, "Of the second.")):
        sent = {"attempt": "1", "version": "0", "adjustment": "0", "comment": text}
        signed_in(marker).post(address(run), sent)
    rubric = SavedComment.objects.all()[0].rubric
    assert saved_comments(rubric, first, Stage.FIRST) == ["Of the first."]
    assert saved_comments(rubric, second, Stage.SECOND) == ["Of the second."]


def test_presence_is_shown_for_a_minute_and_steers_others_away() -> None:
    assignment = marked_assignment()
    runs = [answered(assignment) for _ in range(2)]
    runs.sort(key=lambda run: code_of(assignment, run.work.author))
    one = marker_of(assignment, first_name="Alan", last_name="Turing")
    two = marker_of(assignment)
    here = address(runs[0], name="marking-presence")
    answer = signed_in(one).post(here, {"version": "0"})
    assert "Turing" not in words(answer)
    client = signed_in(two)
    assert "Alan Turing has this open now." in words(
        client.post(here, {"version": "1"})
    )
    assert "has changed since you opened it" in words(
        client.post(here, {"version": "1"})
    )
    assert "Alan Turing has this open now." in words(client.get(address(runs[0])))
    start = reverse(
        "grading:marking-next",
        args=[assignment.course.slug, assignment.slug, "words"],
    )
    assert client.get(start)["Location"] == address(runs[1])
    assert signed_in(marker_of(assignment)).get(start)["Location"] == address(runs[1])
    MarkingPresence.objects.update(seen_at="2020-01-01T00:00Z")
    assert client.get(start)["Location"] == address(runs[0])


def test_by_student_comes_the_next_question_of_the_same_student() -> None:
    assignment = marked_assignment("words", "why")
    runs = [answered(assignment) for _ in range(2)]
    runs.sort(key=lambda run: code_of(assignment, run.work.author))
    client = signed_in(marker_of(assignment))
    start = address(runs[0]) + "?by=student"
    answer = client.post(start, {"attempt": "1", "version": "0", "adjustment": "1"})
    assert answer["Location"] == address(runs[0], key="why") + "?by=student"
    answer = client.post(
        answer["Location"], {"attempt": "1", "version": "0", "adjustment": "0"}
    )
    assert answer["Location"] == address(runs[1]) + "?by=student"
    for key in ("words", "why"):
        answer = client.post(
            address(runs[1], key=key),
            {"attempt": "1", "version": "0", "adjustment": "0"},
        )
    assert "staff/" in answer["Location"]


def test_queries_of_the_page_do_not_grow_with_the_course(
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    """300 scripts of 5 questions take 60 ms of a processor, measured once by hand."""
    assignment = marked_assignment("words", "why")
    runs = [answered(assignment, "The same.") for _ in range(4)]
    answered(assignment, student=runs[0].work.author)
    client = signed_in(marker_of(assignment))
    client.get(address(runs[0]))
    with assert_max_queries(30):
        client.get(address(runs[0]))
    client.get(address(runs[0], name="marking-like"))
    with assert_max_queries(24):
        client.get(address(runs[0], name="marking-like"))


def test_answer_gets_0_points_only_if_somebody_says_so() -> None:
    """One stray Enter on an answer that nobody has looked at stores nothing."""
    assignment = marked_assignment()
    run = answered(assignment)
    client = signed_in(marker_of(assignment))
    sent = {"attempt": "1", "version": "0", "comment": "Hm."}
    answer = client.post(address(run), sent)
    assert answer.status_code == 422
    assert "write 0 as the points to add" in words(answer)
    assert marking_of(run) is None
    assert client.post(address(run), {**sent, "adjustment": "0"}).status_code == 302
