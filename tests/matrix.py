"""The table of tests/test_permission_matrix.py: each address, and each viewer's answer.

A new page or endpoint gets a row here. `expected` has a status for each of
tests.world.VIEWERS, or `login` for a redirect to the sign-in page.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.files.uploadedfile import SimpleUploadedFile

from courses.models import Assignment
from grading.services.aliases import codes_of
from tests.api.opening import VERSION, file_row
from tests.factories import EnteredAssignmentFactory, hours, small_notebook
from tests.world import World

Form = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One address, how it is requested, and the answer for each of VIEWERS."""

    name: str
    expected: str
    args: Callable[[World], list[Any]] = field(default=lambda world: [])
    method: str = "get"
    form: Callable[[World], Form] = field(default=lambda world: {})
    note: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    is_json: bool = False

    @property
    def more(self) -> dict[str, str]:
        """Further arguments for the test client."""
        return {"content_type": "application/json"} if self.is_json else {}

    def __str__(self) -> str:
        return " ".join(filter(None, [self.name, self.method, self.note]))


# --- Answers for the eleven viewers -----------------------------------------------
# anonymous outsider owner classmate former assistant lecturer administrator examiner
# other_lecturer superuser
OPEN: Final = "200 200 200 200 200 200 200 200 200 200 200"
SIGNED_IN: Final = "login 200 200 200 200 200 200 200 200 200 200"
COURSE: Final = "login 404 200 200 404 200 200 200 200 404 200"
STAFF: Final = "login 404 403 403 404 200 200 200 200 404 200"
MARKERS: Final = "login 404 403 403 404 200 200 403 403 404 200"
ENTERERS: Final = "login 404 403 403 404 200 200 200 403 404 200"
EDITORS: Final = "login 404 403 403 404 403 200 403 403 404 200"
EDITORS_ARE_SENT_ON: Final = EDITORS.replace("200", "302")
# Those who manage people and marks: the lecturer, the administrator and site staff.
MANAGERS: Final = "login 404 403 403 404 403 200 200 403 404 200"
MANAGERS_ARE_SENT_ON: Final = MANAGERS.replace("200", "302")
OVERSEERS: Final = "login 404 403 403 404 403 200 200 200 404 200"
HIDDEN_FROM_STUDENTS: Final = "login 404 404 404 404 200 200 200 200 404 200"
MARKERS_OF_HIDDEN: Final = "login 404 404 404 404 200 200 403 403 404 200"
OWN_WORK: Final = "login 404 200 404 404 200 200 200 200 404 200"
OWNER_ALONE: Final = "login 404 200 404 404 404 404 404 404 404 404"
NOBODY: Final = "login 404 404 404 404 404 404 404 404 404 404"
CREATORS: Final = "login 403 403 403 403 403 403 403 403 403 200"
POST_ONLY: Final = "login 405 405 405 405 405 405 405 405 405 405"


def api(expected: str) -> str:
    """Return the row for a program, which gets a 401 in place of the sign-in page."""
    return expected.replace("login", "401")


def notebook_form(world: World) -> Form:
    notebook = SimpleUploadedFile("mine.ipynb", small_notebook().encode())
    return {"declaration": "true", "file:work.ipynb": notebook}


def api_form(assignment: Assignment) -> Form:
    notebook = SimpleUploadedFile("mine.ipynb", small_notebook().encode())
    return {"assignment": assignment.pk, "declaration": "true", "work.ipynb": notebook}


def accommodation_form(world: World) -> Form:
    student = world.people["owner"].email
    return {
        "course": world.course.slug,
        "student": student,
        "hours": 2,
        "reason": "ill",
    }


def accommodation_change(_: World) -> Form:
    return {"hours": 3, "reason": "ill"}


def no_form(_: World) -> Form:
    return {}


def of_course(world: World) -> list[Any]:
    return [world.course.slug]


def of_assignment(world: World) -> list[Any]:
    return [world.course.slug, world.assignment.slug]


def of_entered(world: World) -> list[Any]:
    known = Assignment.objects.filter(course=world.course, slug="written-exam")
    exam = known.first() or EnteredAssignmentFactory.create(
        course=world.course, slug="written-exam"
    )
    return [world.course.slug, exam.slug]


def of_entered_mark(world: World) -> list[Any]:
    return [*of_entered(world), world.people["owner"].pk]


def of_hidden_assignment(world: World) -> list[Any]:
    return [world.course.slug, world.hidden_assignment.slug]


def of_assignment_id(world: World) -> list[Any]:
    return [world.assignment.pk]


def of_hidden_id(world: World) -> list[Any]:
    return [world.hidden_assignment.pk]


def of_hidden_rubric(world: World) -> list[Any]:
    return [*of_hidden_assignment(world), world.hidden_rubric.key]


def of_marking(world: World) -> list[Any]:
    owner = world.people["owner"].pk
    codes = codes_of(world.hidden_assignment, [owner])
    return [*of_hidden_rubric(world), codes[owner]]


def under_another_course(world: World) -> list[Any]:
    return [world.other_course.slug, world.assignment.slug]


def of_run(world: World) -> list[Any]:
    return [world.run.pk]


def of_revision(world: World) -> list[Any]:
    return [*of_assignment(world), world.trial.revision.number]


def of_regrade(world: World) -> list[Any]:
    return [*of_assignment(world), world.regrade.pk]


def of_regrade_request(world: World) -> list[Any]:
    return [*of_assignment(world), world.regrade_request.pk]


def of_code(world: World) -> list[Any]:
    return [*of_assignment(world), world.code]


def of_queued_run(world: World) -> list[Any]:
    return [world.queued_run.pk]


def of_submission(world: World) -> list[Any]:
    return [world.submission.pk]


def of_opened(world: World) -> list[Any]:
    return [world.opened.pk]


def of_self_check(world: World) -> list[Any]:
    return [world.self_check.pk]


def of_upload(world: World) -> list[Any]:
    return [world.opened.uploads.get().pk]


def opening(assignment: Assignment) -> Form:
    return {
        "assignment": assignment.pk,
        "declaration": True,
        "files": [file_row()],
    }


def of_extension_request(world: World) -> list[Any]:
    return [*of_assignment(world), world.extension_request.pk]


def of_session(world: World) -> list[Any]:
    return [world.course.slug, world.session.pk]


def of_session_elsewhere(world: World) -> list[Any]:
    return [world.other_course.slug, world.session.pk]


def of_announcement(world: World) -> list[Any]:
    return [world.course.slug, world.announcement.pk]


def copy_form(world: World) -> Form:
    return {
        "academic_year": "2027-28",
        "slug": "next-year",
        "first_week_on": "2028-01-10",
    }


def move_form(world: World) -> Form:
    return {"day": "2027-02-05", "starts": "09:00", "ends": "10:00", "reason": "snow"}


def of_classmate(world: World, **form: str) -> Form:
    return {"enrolment": world.people["classmate"].enrolments.get().pk, **form}


PAGES: Final = [
    Row(name="home", expected=SIGNED_IN),
    Row(name="health", expected=OPEN),
    Row(name="ready", expected=OPEN),
    # These requests come from this machine; tests/portal/test_metrics.py has others.
    Row(name="metrics", expected=OPEN),
    Row(name="operations", expected=CREATORS),
    Row(name="accounts:profile", expected=SIGNED_IN),
    Row(name="accounts:tokens", expected=SIGNED_IN),
    # Everybody makes their own tokens, after giving the password again.
    Row(
        name="accounts:token-create",
        method="post",
        form=lambda world: {"name": "x", "scopes": ["read"], "lifetime": "30"},
        expected="login 302 302 302 302 302 302 302 302 302 302",
    ),
    Row(
        name="accounts:token-revoke",
        method="post",
        args=lambda world: [world.token.pk],
        expected="login 404 302 404 404 404 404 404 404 404 404",
    ),
    Row(
        name="accounts:token-revoke",
        args=lambda world: [world.token.pk],
        expected=POST_ONLY,
    ),
    Row(name="courses:course", args=of_course, expected=COURSE),
    Row(
        name="courses:course",
        note="hidden",
        args=lambda world: [world.hidden_course.slug],
        expected="login 404 404 404 404 404 404 404 404 200 200",
    ),
    Row(
        name="courses:material-file",
        args=lambda world: [world.course.slug, world.material.pk],
        expected=COURSE,
    ),
    Row(
        name="courses:material-file",
        note="hidden",
        args=lambda world: [world.course.slug, world.hidden_material.pk],
        expected=HIDDEN_FROM_STUDENTS,
    ),
    Row(
        name="courses:material-file",
        note="under another course",
        args=lambda world: [world.other_course.slug, world.material.pk],
        expected=NOBODY,
    ),
    Row(name="courses:news", args=of_course, expected=COURSE),
    Row(
        name="courses:material",
        args=lambda world: [world.course.slug, world.material.key],
        expected=COURSE,
    ),
    Row(
        name="courses:material",
        note="hidden",
        args=lambda world: [world.course.slug, world.hidden_material.key],
        expected=HIDDEN_FROM_STUDENTS,
    ),
    Row(
        name="courses:material",
        note="under another course",
        args=lambda world: [world.other_course.slug, world.material.key],
        expected=NOBODY,
    ),
    Row(
        name="courses:material-inline",
        args=lambda world: [world.course.slug, world.material.key],
        expected=COURSE,
    ),
    Row(
        name="courses:material-inline",
        note="hidden",
        args=lambda world: [world.course.slug, world.hidden_material.key],
        expected=HIDDEN_FROM_STUDENTS,
    ),
    Row(
        name="courses:material-inline",
        note="of a notebook",
        args=lambda world: [world.course.slug, world.notebook.key],
        expected=NOBODY,
    ),
    Row(
        name="courses:material-notebook",
        args=lambda world: [world.course.slug, world.notebook.key],
        expected=COURSE,
    ),
    Row(
        name="courses:attachment-file",
        args=lambda world: [world.course.slug, world.attachment.pk],
        expected=COURSE,
    ),
    Row(
        name="courses:attachment-file",
        note="hidden",
        args=lambda world: [world.course.slug, world.hidden_attachment.pk],
        expected=HIDDEN_FROM_STUDENTS,
    ),
    Row(
        name="courses:attachment-file",
        note="under another course",
        args=lambda world: [world.other_course.slug, world.attachment.pk],
        expected=NOBODY,
    ),
    Row(
        name="courses:progress",
        method="post",
        args=of_course,
        form=lambda world: {"done": world.material.key},
        expected="login 404 302 302 404 302 302 302 302 404 302",
    ),
    Row(name="courses:progress", args=of_course, expected=POST_ONLY),
    Row(
        name="courses:handout",
        args=lambda world: [*of_assignment(world), "handout.ipynb"],
        expected=COURSE,
    ),
    Row(name="courses:handout-zip", args=of_assignment, expected=COURSE),
    Row(
        name="courses:handout",
        note="of tests",
        args=lambda world: [*of_assignment(world), "answer.py"],
        expected=NOBODY,
    ),
    Row(name="courses:manage", args=of_course, expected=STAFF),
    Row(name="courses:changes", args=of_course, expected=STAFF),
    Row(name="courses:shift", args=of_course, expected=EDITORS),
    Row(
        name="courses:shift",
        note="without a preview",
        method="post",
        args=of_course,
        form=lambda world: {"from_week": world.week.number, "weeks": 1, "reason": "x"},
        expected=EDITORS.replace("200", "422"),
    ),
    # Only people with the right to create courses create one, and none of them is here.
    *(
        Row(
            name=name,
            method=method,
            expected=CREATORS.replace("200", "422") if method == "post" else CREATORS,
        )
        for name in ("courses:course-new", "courses:course-new-file")
        for method in ("get", "post")
    ),
    *(
        Row(name=name, args=of_course, expected=expected)
        for name, expected in (
            ("courses:course-settings", EDITORS),
            ("courses:course-file", EDITORS),
            ("courses:person-add", MANAGERS),
        )
    ),
    *(
        Row(
            name=name,
            note="without what it needs",
            method="post",
            args=of_course,
            expected=expected.replace("200", "422"),
        )
        for name, expected in (
            ("courses:course-settings", EDITORS),
            ("courses:course-file", EDITORS),
            ("courses:person-add", MANAGERS),
        )
    ),
    Row(name="grading:assignment-new", args=of_course, expected=EDITORS),
    Row(
        name="grading:assignment-new",
        note="without what it needs",
        method="post",
        args=of_course,
        expected=EDITORS.replace("200", "422"),
    ),
    Row(name="courses:course-copy", args=of_course, expected=EDITORS),
    Row(
        name="courses:course-copy",
        method="post",
        args=of_course,
        form=copy_form,
        expected=EDITORS_ARE_SENT_ON,
    ),
    *(
        Row(name=f"courses:session-{verb}", args=of_session, expected=EDITORS)
        for verb in ("cancel", "restore", "move")
    ),
    *(
        Row(
            name=f"courses:session-{verb}",
            note="under another course",
            method=method,
            args=of_session_elsewhere,
            expected=NOBODY,
        )
        for verb in ("cancel", "restore", "move")
        for method in ("get", "post")
    ),
    Row(
        name="courses:session-cancel",
        method="post",
        args=of_session,
        form=lambda world: {"reason": "ill"},
        expected=EDITORS_ARE_SENT_ON,
    ),
    Row(
        name="courses:session-restore",
        method="post",
        args=lambda world: [world.course.slug, world.cancelled_session.pk],
        form=lambda world: {"reason": "well"},
        expected=EDITORS_ARE_SENT_ON,
    ),
    Row(
        name="courses:session-move",
        method="post",
        args=of_session,
        form=move_form,
        expected=EDITORS_ARE_SENT_ON,
    ),
    Row(name="courses:announcements", args=of_course, expected=STAFF),
    Row(
        name="courses:announcements",
        method="post",
        args=of_course,
        form=lambda world: {"title": "x", "body": "x", "when": "now"},
        expected=EDITORS_ARE_SENT_ON,
    ),
    *(
        Row(name=f"courses:announcement-{verb}", args=of_announcement, expected=EDITORS)
        for verb in ("edit", "delete")
    ),
    *(
        Row(
            name=f"courses:announcement-{verb}",
            note="under another course",
            method="post",
            args=lambda world: [world.other_course.slug, world.announcement.pk],
            expected=NOBODY,
        )
        for verb in ("edit", "delete")
    ),
    Row(
        name="courses:announcement-edit",
        method="post",
        args=of_announcement,
        form=lambda world: {"title": "x", "body": "x", "when": "draft"},
        expected=EDITORS_ARE_SENT_ON,
    ),
    Row(
        name="courses:announcement-delete",
        method="post",
        args=of_announcement,
        expected=EDITORS_ARE_SENT_ON,
    ),
    Row(name="courses:people", args=of_course, expected=STAFF),
    Row(
        name="courses:invite",
        method="post",
        args=of_course,
        expected=MANAGERS_ARE_SENT_ON,
    ),
    Row(name="courses:invite", args=of_course, expected=POST_ONLY),
    Row(
        name="courses:role",
        method="post",
        args=of_course,
        form=lambda world: of_classmate(world, role="lecturer"),
        expected=MANAGERS_ARE_SENT_ON,
    ),
    Row(
        name="courses:role",
        note="under another course",
        method="post",
        args=lambda world: [world.other_course.slug],
        form=lambda world: of_classmate(world, role="lecturer"),
        expected=NOBODY,
    ),
    Row(name="courses:role", args=of_course, expected=POST_ONLY),
    Row(name="courses:roster", args=of_course, expected=MANAGERS),
    Row(
        name="courses:roster",
        note="nothing sent",
        method="post",
        args=of_course,
        expected=MANAGERS.replace("200", "422"),
    ),
    Row(
        name="courses:roster",
        note="nothing looked at",
        method="post",
        args=of_course,
        form=lambda world: {"digest": "x"},
        expected=MANAGERS.replace("200", "422"),
    ),
    Row(name="courses:roster-export", args=of_course, expected=MANAGERS),
    Row(name="courses:calendar", expected=SIGNED_IN),
    # Everybody has their own calendar, after giving the password again.
    Row(
        name="courses:calendar-renew",
        method="post",
        expected=SIGNED_IN.replace("200", "302"),
    ),
    Row(
        name="courses:calendar-revoke",
        method="post",
        expected=SIGNED_IN.replace("200", "302"),
    ),
    Row(name="courses:calendar-revoke", expected=POST_ONLY),
    # Everybody who has the address can read it.
    Row(name="courses:feed", args=lambda world: [world.feed_secret], expected=OPEN),
    Row(
        name="courses:feed",
        note="that nobody has",
        args=lambda world: ["x" * 43],
        expected=OPEN.replace("200", "404"),
    ),
    Row(name="gradebook:marks", args=of_course, expected=COURSE),
    Row(name="gradebook:gradebook", args=of_course, expected=STAFF),
    Row(name="gradebook:gradebook-file", args=of_course, expected=STAFF),
    Row(name="gradebook:course-statistics", args=of_course, expected=STAFF),
    Row(name="gradebook:at-risk", args=of_course, expected=STAFF),
    Row(
        name="gradebook:at-risk",
        note="mailing nobody",
        method="post",
        args=of_course,
        form=lambda world: {"subject": "x", "text": "x"},
        expected=MANAGERS.replace("200", "422"),
    ),
    Row(name="gradebook:at-risk-file", args=of_course, expected=STAFF),
    Row(name="gradebook:assignment-statistics", args=of_assignment, expected=STAFF),
    Row(
        name="gradebook:assignment-statistics",
        note="hidden",
        args=of_hidden_assignment,
        expected=HIDDEN_FROM_STUDENTS,
    ),
    Row(
        name="gradebook:assignment-statistics",
        note="under another course",
        args=under_another_course,
        expected=NOBODY,
    ),
    Row(
        name="gradebook:gradebook-cell",
        method="post",
        args=of_course,
        form=lambda world: {
            "assignment": Assignment.objects.get(slug=of_entered(world)[1]).pk,
            "student": world.people["owner"].pk,
        },
        expected=ENTERERS,
    ),
    Row(
        name="gradebook:gradebook-cell",
        note="of nothing",
        method="post",
        args=of_course,
        expected="login 404 403 403 404 404 404 404 404 404 404",
    ),
    Row(name="gradebook:gradebook-cell", args=of_course, expected=POST_ONLY),
    Row(name="gradebook:board", args=of_course, expected=OVERSEERS),
    Row(
        name="gradebook:board",
        note="freezing for nobody",
        method="post",
        args=of_course,
        form=lambda world: {"do": "freeze"},
        expected=MANAGERS.replace("200", "422"),
    ),
    Row(
        name="gradebook:board",
        note="proposing where nothing is frozen",
        method="post",
        args=of_course,
        form=lambda world: {"do": "end", "reason": "x"},
        expected=OVERSEERS.replace("200", "422"),
    ),
    Row(
        name="gradebook:board-answer",
        note="of nothing",
        method="post",
        args=lambda world: [*of_course(world), 99_999],
        expected=MANAGERS.replace("200", "404"),
    ),
    Row(
        name="gradebook:board-answer",
        args=lambda world: [*of_course(world), 99_999],
        expected=POST_ONLY,
    ),
    Row(name="gradebook:formula", args=of_course, expected=MANAGERS),
    Row(
        name="gradebook:formula",
        note="without what it needs",
        method="post",
        args=of_course,
        form=lambda world: {"letter_scale": "A"},
        expected=MANAGERS.replace("200", "422"),
    ),
    Row(name="grading:use", args=of_course, expected=STAFF),
    Row(name="grading:use-file", args=of_course, expected=STAFF),
    Row(name="grading:storage", args=of_course, expected=EDITORS),
    Row(
        name="grading:storage",
        note="of a quota of nothing",
        method="post",
        args=of_course,
        form=lambda world: {"quota_mb": "0"},
        expected=EDITORS.replace("200", "422"),
    ),
    Row(name="grading:late-rule", args=of_course, expected=EDITORS),
    Row(
        name="grading:late-rule",
        note="without what it needs",
        method="post",
        args=of_course,
        expected=EDITORS.replace("200", "422"),
    ),
    Row(name="grading:assignment", args=of_assignment, expected=COURSE),
    Row(
        name="grading:assignment",
        note="hidden",
        args=of_hidden_assignment,
        expected=HIDDEN_FROM_STUDENTS,
    ),
    Row(
        name="grading:assignment",
        note="under another course",
        args=under_another_course,
        expected=NOBODY,
    ),
    Row(
        name="grading:submit",
        args=of_assignment,
        expected="login 404 302 302 404 302 302 302 302 404 302",
    ),
    Row(
        name="grading:submit",
        method="post",
        args=of_assignment,
        form=notebook_form,
        expected="login 404 303 303 404 403 403 403 403 404 403",
    ),
    Row(
        name="grading:submit",
        note="hidden",
        method="post",
        args=of_hidden_assignment,
        form=notebook_form,
        expected="login 404 404 404 404 403 403 403 403 404 403",
    ),
    Row(
        name="grading:submit",
        note="under another course",
        method="post",
        args=under_another_course,
        form=notebook_form,
        expected=NOBODY,
    ),
    Row(
        name="grading:check-work",
        args=of_assignment,
        expected="login 404 302 302 404 302 302 302 302 404 302",
    ),
    Row(
        name="grading:check-work",
        method="post",
        args=of_assignment,
        form=notebook_form,
        expected="login 404 303 303 404 403 403 403 403 404 403",
    ),
    Row(
        name="grading:check-work",
        note="hidden",
        method="post",
        args=of_hidden_assignment,
        form=notebook_form,
        expected="login 404 404 404 404 403 403 403 403 404 403",
    ),
    Row(name="grading:assignment-staff", args=of_assignment, expected=STAFF),
    # Marking pages: tests/grading/pages/test_marking_work.py has what is allocated.
    *(
        Row(name=f"grading:{name}", args=args, expected=MARKERS_OF_HIDDEN)
        for name, args in (
            ("marking-nothing", of_hidden_rubric),
            ("marking-answers", of_hidden_rubric),
            ("marking-comments", of_hidden_rubric),
            ("marking-work", of_marking),
            ("marking-notebook", of_marking),
            ("marking-changes", of_marking),
            ("marking-like", of_marking),
        )
    ),
    *(
        Row(
            name=f"grading:{name}",
            note="of no question",
            args=lambda world: [*of_assignment(world), "none"],
            expected="login 404 403 403 404 404 404 403 403 404 404",
        )
        for name in (
            "marking-nothing",
            "marking-answers",
            "marking-next",
            "marking-comments",
        )
    ),
    Row(
        name="grading:marking-comments",
        note="without words",
        method="post",
        args=of_hidden_rubric,
        form=lambda world: {"text": "Good", "new": " "},
        expected=MARKERS_OF_HIDDEN.replace("200", "422"),
    ),
    Row(
        name="grading:marking-next",
        note="of which nothing is left",
        args=of_hidden_rubric,
        expected=MARKERS_OF_HIDDEN.replace("200", "302"),
    ),
    Row(
        name="grading:marking-nothing",
        note="without what it needs",
        method="post",
        args=of_hidden_rubric,
        expected=MARKERS_OF_HIDDEN.replace("200", "422"),
    ),
    Row(
        name="grading:marking-work",
        note="with no number",
        method="post",
        args=of_marking,
        form=lambda world: {"attempt": "0", "version": "0", "adjustment": "x"},
        expected=MARKERS_OF_HIDDEN.replace("200", "422"),
    ),
    Row(
        name="grading:marking-work",
        note="of nobody",
        args=lambda world: [*of_hidden_rubric(world), "NOBODY"],
        expected="login 404 404 404 404 404 404 403 403 404 404",
    ),
    Row(
        name="grading:marking-file",
        note="that was not handed in",
        args=lambda world: [*of_marking(world), "digits.pt"],
        expected="login 404 404 404 404 404 404 403 403 404 404",
    ),
    Row(
        name="grading:marking-file-shown",
        note="that was not handed in",
        args=lambda world: [*of_marking(world), "report.pdf"],
        expected="login 404 404 404 404 404 404 403 403 404 404",
    ),
    Row(
        name="grading:marking-presence",
        method="post",
        args=of_marking,
        form=lambda world: {"version": "0"},
        expected=MARKERS_OF_HIDDEN,
    ),
    Row(name="grading:marking-presence", args=of_marking, expected=POST_ONLY),
    Row(
        name="grading:marking-standing",
        note="without a reason",
        method="post",
        args=of_marking,
        form=lambda world: {"standing": "excused"},
        expected=MARKERS_OF_HIDDEN.replace("200", "302"),
    ),
    Row(name="grading:marking-standing", args=of_marking, expected=POST_ONLY),
    Row(name="grading:entered-marks", args=of_entered, expected=ENTERERS),
    Row(
        name="grading:entered-marks",
        note="that are not entered",
        args=of_assignment,
        expected=ENTERERS.replace("200", "302"),
    ),
    Row(
        name="grading:entered-marks",
        method="post",
        args=of_entered,
        expected=ENTERERS.replace("200", "302"),
    ),
    Row(name="grading:entered-file", args=of_entered, expected=ENTERERS),
    Row(
        name="grading:entered-file",
        note="without a file",
        method="post",
        args=of_entered,
        expected=ENTERERS.replace("200", "422"),
    ),
    Row(name="grading:mark-history", args=of_entered_mark, expected=STAFF),
    # While the marking is anonymous: tests/grading/test_anonymous_marking.py.
    *(
        Row(name=f"grading:{name}", args=of_assignment, expected=expected)
        for name, expected in (
            ("marking", STAFF),
            ("marking-agree", MARKERS),
            ("marking-settings", EDITORS),
            ("marking-statistics", OVERSEERS),
        )
    ),
    *(
        Row(
            name=f"grading:{name}",
            note="under another course",
            method=method,
            args=under_another_course,
            expected=NOBODY,
        )
        for name in ("marking", "marking-agree", "marking-settings")
        for method in ("get", "post")
    ),
    Row(
        name="grading:marking",
        note="of nothing",
        method="post",
        args=of_assignment,
        expected="login 404 403 403 404 403 404 403 403 404 404",
    ),
    Row(
        name="grading:marking-agree",
        note="on nothing",
        method="post",
        args=of_assignment,
        expected="login 404 403 403 404 404 404 403 403 404 404",
    ),
    Row(
        name="grading:marking-settings",
        note="without what it needs",
        method="post",
        args=of_assignment,
        expected=EDITORS.replace("200", "422"),
    ),
    Row(name="grading:marks-file", args=of_assignment, expected=STAFF),
    Row(
        name="grading:marks-file",
        note="of another course",
        args=under_another_course,
        expected=NOBODY,
    ),
    *(
        Row(name=name, args=of_assignment, expected=expected)
        for name, expected in (
            ("grading:assignment-settings", EDITORS),
            ("grading:extensions", MANAGERS),
            ("grading:extensions-many", MANAGERS),
            ("grading:release", MANAGERS),
            ("grading:standings", MANAGERS),
        )
    ),
    *(
        Row(
            name=name,
            note="without what it needs",
            method="post",
            args=of_assignment,
            expected=expected.replace("200", "422"),
        )
        for name, expected in (
            ("grading:assignment-settings", EDITORS),
            ("grading:extensions", MANAGERS),
            ("grading:extensions-many", MANAGERS),
            ("grading:release", MANAGERS),
            ("grading:standings", MANAGERS),
        )
    ),
    *(
        Row(
            name=name,
            note="of another course",
            method="post",
            args=under_another_course,
            expected=NOBODY,
        )
        for name in (
            "grading:assignment-settings",
            "grading:extensions",
            "grading:extensions-many",
            "grading:release",
            "grading:standings",
        )
    ),
    *(
        Row(name=f"grading:{name}", args=of_course, expected=MANAGERS)
        for name in ("accommodations", "extension-requests", "outage")
    ),
    Row(
        name="grading:accommodations",
        note="without what it needs",
        method="post",
        args=of_course,
        expected=MANAGERS.replace("200", "422"),
    ),
    Row(
        name="grading:outage",
        note="without what it needs",
        method="post",
        args=of_course,
        form=lambda world: {"hours": "1"},
        expected=MANAGERS.replace("200", "422"),
    ),
    Row(
        name="grading:accommodation-withdraw",
        method="post",
        args=lambda world: [world.course.slug, world.accommodation.pk],
        expected=MANAGERS_ARE_SENT_ON,
    ),
    Row(
        name="grading:accommodation-withdraw",
        args=lambda world: [world.course.slug, world.accommodation.pk],
        expected=POST_ONLY,
    ),
    Row(
        name="grading:accommodation-withdraw",
        note="under another course",
        method="post",
        args=lambda world: [world.other_course.slug, world.accommodation.pk],
        expected=NOBODY,
    ),
    Row(
        name="grading:extension-answer",
        args=lambda world: [world.course.slug, world.extension_request.pk],
        expected=MANAGERS,
    ),
    Row(
        name="grading:extension-answer",
        note="without a date",
        method="post",
        args=lambda world: [world.course.slug, world.extension_request.pk],
        expected=MANAGERS.replace("200", "422"),
    ),
    Row(
        name="grading:extension-answer",
        note="under another course",
        args=lambda world: [world.other_course.slug, world.extension_request.pk],
        expected=NOBODY,
    ),
    Row(
        name="grading:extension-request",
        args=of_assignment,
        expected="login 404 200 200 404 403 403 403 403 404 403",
    ),
    Row(
        name="grading:extension-request",
        note="without what it needs",
        method="post",
        args=of_assignment,
        expected="login 404 422 422 404 403 403 403 403 404 403",
    ),
    Row(
        name="grading:extension-request",
        note="hidden",
        args=of_hidden_assignment,
        expected="login 404 404 404 404 403 403 403 403 404 403",
    ),
    Row(
        name="grading:extension-request-withdraw",
        method="post",
        args=of_extension_request,
        expected="login 404 404 302 404 403 403 403 403 404 403",
    ),
    Row(
        name="grading:extension-request-withdraw",
        args=of_extension_request,
        expected=POST_ONLY,
    ),
    Row(
        name="grading:extension-request-file",
        args=of_extension_request,
        expected="login 404 404 200 404 404 200 200 404 404 200",
    ),
    Row(
        name="grading:extension-withdraw",
        note="of no such extension",
        method="post",
        args=lambda world: [*of_assignment(world), 10**6],
        expected=MANAGERS.replace("200", "404"),
    ),
    Row(
        name="grading:assignment-staff",
        note="hidden",
        args=of_hidden_assignment,
        expected=HIDDEN_FROM_STUDENTS,
    ),
    Row(name="grading:assignment-import", args=of_assignment, expected=EDITORS),
    Row(
        name="grading:assignment-import",
        note="under another course",
        args=under_another_course,
        expected=NOBODY,
    ),
    Row(
        name="grading:assignment-import",
        note="nothing sent",
        method="post",
        args=of_assignment,
        expected=EDITORS.replace("200", "422"),
    ),
    Row(
        name="grading:assignment-files",
        note="of a revision with a notebook",
        args=of_assignment,
        expected=EDITORS.replace("200", "302"),
    ),
    Row(
        name="grading:assignment-files",
        note="under another course",
        args=under_another_course,
        expected=NOBODY,
    ),
    Row(
        name="grading:assignment-files",
        note="sent where a notebook is run",
        method="post",
        args=of_assignment,
        expected=EDITORS.replace("200", "302"),
    ),
    Row(name="grading:trials", args=of_revision, expected=STAFF),
    *(
        Row(
            name=name,
            args=lambda world: [*of_revision(world), "solution"],
            expected=STAFF,
        )
        for name in ("grading:trial-notebook", "grading:trial-file")
    ),
    Row(
        name="grading:trial-notebook",
        note="of no trial",
        args=lambda world: [*of_revision(world), "hidden"],
        expected="login 404 403 403 404 404 404 404 404 404 404",
    ),
    Row(
        name="grading:trials-start",
        method="post",
        args=of_revision,
        expected=EDITORS_ARE_SENT_ON,
    ),
    Row(name="grading:trials-start", args=of_revision, expected=POST_ONLY),
    Row(
        name="grading:publish",
        method="post",
        args=of_revision,
        expected=EDITORS_ARE_SENT_ON,
    ),
    Row(name="grading:publish", args=of_revision, expected=POST_ONLY),
    Row(name="grading:rescore", args=of_assignment, expected=EDITORS),
    Row(
        name="grading:rescore",
        note="without a reason",
        method="post",
        args=of_assignment,
        expected="login 404 403 403 404 403 422 403 403 404 422",
    ),
    *(
        row
        for name in ("grading:rubric", "grading:rubric-file")
        for row in (
            Row(
                name=name,
                args=of_hidden_rubric,
                expected="login 404 404 404 404 403 200 403 403 404 200",
            ),
            Row(
                name=name,
                note="of no question",
                args=lambda world: [*of_assignment(world), "none"],
                expected="login 404 403 403 404 403 404 403 403 404 404",
            ),
        )
    ),
    Row(
        name="grading:rubric",
        note="another form than the page's",
        method="post",
        args=of_hidden_rubric,
        form=lambda world: {
            "act": "save",
            "yaml": "items: []",
            "rubric-starts": "zero",
            "rubric-version": "0",
            "groups": "1",
            "group-0-pk": "1",
            "group-0-items": "1",
            "group-0-item-0-pk": "1",
            "group-0-item-0-text": "Clear",
            "group-0-item-0-points": "1",
        },
        expected="login 404 404 404 404 403 422 403 403 404 422",
    ),
    Row(name="grading:regrade-start", args=of_assignment, expected=EDITORS),
    Row(
        name="grading:regrade-start",
        method="post",
        args=of_assignment,
        form=lambda world: {"reason": "a test was wrong"},
        note="while one is open",
        expected="login 404 403 403 404 403 422 403 403 404 422",
    ),
    Row(name="grading:regrade", args=of_regrade, expected=STAFF),
    *(
        Row(
            name=f"grading:regrade-{verb}",
            method="post",
            args=of_regrade,
            expected=EDITORS_ARE_SENT_ON,
        )
        for verb in ("confirm", "discard")
    ),
    *(
        Row(name=f"grading:regrade-{verb}", args=of_regrade, expected=POST_ONLY)
        for verb in ("confirm", "discard")
    ),
    Row(
        name="grading:run",
        note="of a regrade that does not count yet",
        args=lambda world: [world.regrade.runs.get().pk],
        expected="login 404 404 404 404 200 200 200 200 404 200",
    ),
    Row(
        name="grading:run",
        note="of a trial",
        args=lambda world: [world.trial.pk],
        expected=NOBODY,
    ),
    Row(name="grading:run", args=of_run, expected=OWN_WORK),
    Row(name="grading:run-status", args=of_run, expected=OWN_WORK),
    Row(name="grading:run-notebook", args=of_run, expected=OWN_WORK),
    Row(name="grading:executed", args=of_run, expected=OWN_WORK),
    # Feedback and regrade requests, while the marks are not released.
    Row(
        name="grading:feedback",
        args=of_assignment,
        expected="login 404 200 200 404 403 403 403 403 404 403",
    ),
    Row(
        name="grading:feedback",
        note="asking before the release",
        method="post",
        args=of_assignment,
        form=lambda world: {"key": "answer", "reason": "x"},
        expected="login 404 422 422 404 403 403 403 403 404 403",
    ),
    Row(
        name="grading:feedback-file",
        args=of_assignment,
        expected="login 404 404 404 404 403 403 403 403 404 403",
    ),
    Row(name="grading:feedback-of", args=of_code, expected=OVERSEERS),
    Row(name="grading:feedback-notebook", args=of_code, expected=OVERSEERS),
    Row(
        name="grading:feedback-of",
        note="of nobody",
        args=lambda world: [*of_assignment(world), "NOBODY"],
        expected="login 404 403 403 404 404 404 404 404 404 404",
    ),
    Row(
        name="grading:regrade-withdraw",
        method="post",
        args=of_regrade_request,
        expected="login 404 404 404 404 403 403 403 403 404 403",
    ),
    Row(name="grading:regrade-withdraw", args=of_regrade_request, expected=POST_ONLY),
    Row(name="grading:regrade-requests", args=of_assignment, expected=STAFF),
    Row(name="grading:regrade-answer", args=of_regrade_request, expected=MARKERS),
    Row(
        name="grading:regrade-answer",
        note="without an answer",
        method="post",
        args=of_regrade_request,
        expected=MARKERS.replace("200", "422"),
    ),
    Row(
        name="grading:regrade-answer",
        note="under another course",
        args=lambda world: [world.other_course.slug, *of_regrade_request(world)[1:]],
        expected=NOBODY,
    ),
    Row(
        name="grading:run-cancel",
        method="post",
        args=of_queued_run,
        expected="login 404 302 404 404 302 302 403 403 404 302",
    ),
    Row(name="grading:run-cancel", args=of_queued_run, expected=POST_ONLY),
    Row(
        name="grading:run-again",
        method="post",
        args=of_run,
        expected="login 404 403 404 404 302 302 403 403 404 302",
    ),
    Row(name="grading:run-again", args=of_run, expected=POST_ONLY),
    *(
        Row(name=f"grading:self-check{end}", args=of_self_check, expected=OWNER_ALONE)
        for end in ("", "-status", "-notebook", "-executed")
    ),
    Row(
        name="grading:run",
        note="of a self-check",
        args=lambda world: [world.self_check.run.pk],
        expected=NOBODY,
    ),
    *(
        Row(
            name=f"grading:self-check-{verb}",
            method="post",
            args=of_self_check,
            form=lambda world: {"declaration": "yes"},
            expected="login 404 302 404 404 404 404 404 404 404 404",
        )
        for verb in ("cancel", "hand-in")
    ),
    *(
        Row(name=f"grading:self-check-{verb}", args=of_self_check, expected=POST_ONLY)
        for verb in ("cancel", "hand-in")
    ),
    Row(
        name="grading:attempt-choose",
        method="post",
        args=of_assignment,
        form=lambda world: {"attempt": "1"},
        note="of their own",
        expected="login 404 302 404 404 403 403 403 403 404 403",
    ),
    Row(name="grading:attempt-choose", args=of_assignment, expected=POST_ONLY),
    Row(
        name="grading:counting-files",
        method="post",
        args=of_assignment,
        expected=STAFF,
    ),
    Row(name="grading:counting-files", args=of_assignment, expected=POST_ONLY),
    Row(name="grading:hand-in-for", args=of_assignment, expected=MANAGERS),
    Row(
        name="grading:hand-in-for",
        note="without what it needs",
        method="post",
        args=of_assignment,
        expected=MANAGERS.replace("200", "422"),
    ),
    Row(name="submissions:submission", args=of_submission, expected=OWN_WORK),
    Row(name="submissions:receipt-file", args=of_submission, expected=OWN_WORK),
    Row(name="submissions:verify", expected=OPEN),
    Row(name="submissions:receipt-keys", expected=OPEN),
    Row(
        name="submissions:verify",
        method="post",
        form=lambda world: {"receipt": str(world.submission.pk)},
        expected=OPEN,
    ),
    Row(
        name="submissions:file",
        args=lambda world: [world.submission.pk, "work.ipynb"],
        expected=OWN_WORK,
    ),
    Row(
        name="submissions:file",
        note="of another submission",
        args=lambda world: [world.submission.pk, "other.ipynb"],
        expected=NOBODY,
    ),
]
API: Final = [
    Row(name="api:schema", expected=OPEN),
    Row(name="api:docs", expected=OPEN),
    Row(name="api:me", expected=api(SIGNED_IN)),
    Row(name="api:storage", expected=api(SIGNED_IN)),
    *(
        Row(name=f"api:{noun}-list", expected=api(SIGNED_IN))
        for noun in (
            "course",
            "week",
            "session",
            "lecture",
            "material",
            "announcement",
            "change",
            "person",
            "assignment",
            "extension",
            "accommodation",
            "extension-request",
            "submission",
            "opened-attempt",
            "self-check",
            "run",
            "mark",
            "regrade-request",
            "use",
        )
    ),
    Row(name="api:course-detail", args=of_course, expected=api(COURSE)),
    Row(
        name="api:week-detail",
        args=lambda world: [world.week.pk],
        expected=api(COURSE),
    ),
    *(
        Row(name=f"api:{noun}-detail", args=args, expected=api(COURSE))
        for noun, args in (
            ("session", lambda world: [world.session.pk]),
            ("lecture", lambda world: [world.lecture.pk]),
            ("announcement", lambda world: [world.announcement.pk]),
            ("change", lambda world: [world.change.pk]),
        )
    ),
    *(
        Row(
            name=f"api:{noun}-detail",
            note="hidden",
            args=args,
            expected=api(HIDDEN_FROM_STUDENTS),
        )
        for noun, args in (
            ("session", lambda world: [world.hidden_session.pk]),
            ("announcement", lambda world: [world.draft.pk]),
            ("change", lambda world: [world.private_change.pk]),
        )
    ),
    Row(
        name="api:person-detail",
        args=lambda world: [
            world.people["owner"].enrolments.get(course=world.course).pk
        ],
        expected=api(HIDDEN_FROM_STUDENTS),
    ),
    Row(
        name="api:material-attachment",
        args=lambda world: [world.material.pk, world.attachment.pk],
        expected=api(COURSE),
    ),
    Row(
        name="api:material-attachment",
        note="hidden",
        args=lambda world: [world.material.pk, world.hidden_attachment.pk],
        expected=api(HIDDEN_FROM_STUDENTS),
    ),
    Row(
        name="api:material-attachment",
        note="of another material",
        args=lambda world: [world.hidden_material.pk, world.attachment.pk],
        expected=api(NOBODY),
    ),
    Row(
        name="api:material-detail",
        args=lambda world: [world.material.pk],
        expected=api(COURSE),
    ),
    Row(
        name="api:material-detail",
        note="hidden",
        args=lambda world: [world.hidden_material.pk],
        expected=api(HIDDEN_FROM_STUDENTS),
    ),
    Row(
        name="api:material-file",
        args=lambda world: [world.material.pk],
        expected=api(COURSE),
    ),
    Row(
        name="api:material-file",
        note="hidden",
        args=lambda world: [world.hidden_material.pk],
        expected=api(HIDDEN_FROM_STUDENTS),
    ),
    Row(
        name="api:assignment-detail",
        args=lambda world: [world.assignment.pk],
        expected=api(COURSE),
    ),
    Row(
        name="api:assignment-detail",
        note="hidden",
        args=lambda world: [world.hidden_assignment.pk],
        expected=api(HIDDEN_FROM_STUDENTS),
    ),
    Row(
        name="api:assignment-file",
        args=lambda world: [world.assignment.pk, "handout.ipynb"],
        expected=api(COURSE),
    ),
    Row(
        name="api:assignment-file",
        note="of tests",
        args=lambda world: [world.assignment.pk, "answer.py"],
        expected=api(NOBODY),
    ),
    Row(
        name="api:assignment-hand-in",
        args=lambda world: [world.assignment.pk],
        expected=api(COURSE),
    ),
    Row(
        name="api:assignment-hand-in",
        note="hidden",
        args=lambda world: [world.hidden_assignment.pk],
        expected=api(HIDDEN_FROM_STUDENTS),
    ),
    *(
        Row(
            name=f"api:{name}",
            note="hidden" if hides else "",
            args=args,
            expected=api(MARKERS_OF_HIDDEN if hides else MARKERS),
        )
        for name in ("rubric-list", "marking-list", "allocation")
        for hides, args in ((False, of_assignment_id), (True, of_hidden_id))
    ),
    *(
        Row(
            name=f"api:{name}",
            note=f"without what it needs{', hidden' if hides else ''}",
            method="post",
            args=args,
            form=lambda world: {"markers": []},
            is_json=True,
            expected=api(
                "login 404 404 404 404 403 400 403 403 404 400"
                if hides
                else EDITORS.replace("200", "400")
            ),
        )
        for name in ("allocation", "allocation-second", "allocation-withdraw")
        for hides, args in ((False, of_assignment_id), (True, of_hidden_id))
    ),
    Row(
        name="api:entered-marks",
        note="without marks",
        method="post",
        args=lambda world: [Assignment.objects.get(slug=of_entered(world)[1]).pk],
        is_json=True,
        expected=api(ENTERERS.replace("200", "400")),
    ),
    Row(
        name="api:entered-marks",
        note="hidden",
        method="post",
        args=of_hidden_id,
        is_json=True,
        expected=api("login 404 404 404 404 400 400 400 403 404 400"),
    ),
    *(
        Row(
            name=f"api:{name}",
            note=f"without what it needs{', hidden' if hides else ''}",
            method="post",
            args=args,
            form=lambda world: {"students": []},
            is_json=True,
            expected=api(
                "login 404 404 404 404 403 400 400 403 404 400"
                if hides
                else MANAGERS.replace("200", "400")
            ),
        )
        for name in ("standings", "caps")
        for hides, args in ((False, of_assignment_id), (True, of_hidden_id))
    ),
    Row(name="api:board", args=of_course, expected=api(OVERSEERS)),
    Row(
        name="api:board",
        note="hidden",
        args=lambda world: [world.hidden_course.slug],
        expected=api("login 404 404 404 404 404 404 404 404 200 200"),
    ),
    Row(name="api:total-list", args=of_course, expected=api(COURSE)),
    Row(
        name="api:total-list",
        note="hidden",
        args=lambda world: [world.hidden_course.slug],
        expected=api("login 404 404 404 404 404 404 404 404 200 200"),
    ),
    Row(
        name="api:marking",
        args=lambda world: [world.hidden_assignment.pk, *of_marking(world)[2:]],
        expected=api(MARKERS_OF_HIDDEN),
    ),
    Row(
        name="api:marking",
        method="put",
        args=lambda world: [world.hidden_assignment.pk, *of_marking(world)[2:]],
        form=lambda world: {
            "attempt": 0,
            "version": 0,
            "items": [],
            "is_finished": False,
        },
        is_json=True,
        expected=api(MARKERS_OF_HIDDEN),
    ),
    Row(
        name="api:marking",
        note="of nobody",
        args=lambda world: [
            world.hidden_assignment.pk,
            world.hidden_rubric.key,
            "NOBODY",
        ],
        expected="401 404 404 404 404 404 404 403 403 404 404",
    ),
    Row(
        name="api:extension-detail",
        args=lambda world: [world.extension.pk],
        expected="401 404 404 200 404 404 200 200 404 404 200",
    ),
    Row(
        name="api:extension-detail",
        method="delete",
        args=lambda world: [world.extension.pk],
        expected="401 404 404 403 404 404 204 204 404 404 204",
    ),
    Row(
        name="api:extension-list",
        method="post",
        form=lambda world: {
            "assignment": world.assignment.pk,
            "students": [world.people["owner"].email],
            "due_at": "2099-03-15T12:00:00Z",
            "reason": "ill",
        },
        is_json=True,
        expected="401 404 403 403 404 403 201 201 403 404 201",
    ),
    Row(
        name="api:extension-preview",
        method="post",
        form=lambda world: {
            "assignment": world.assignment.pk,
            "students": [world.people["owner"].email],
            "due_at": "2099-03-15T12:00:00Z",
            "reason": "ill",
        },
        is_json=True,
        expected="401 404 403 403 404 403 200 200 403 404 200",
    ),
    Row(
        name="api:extension-withdrawal",
        args=lambda world: [world.extension.pk],
        expected="401 404 404 403 404 404 200 200 404 404 200",
    ),
    *(
        Row(
            name=f"api:accommodation-{end}",
            note=note,
            method="post",
            form=accommodation_form,
            is_json=True,
            expected=f"401 404 403 403 404 403 {done} {done} 403 404 {done}",
        )
        for end, note, done in (("list", "giving", 201), ("preview", "", 200))
    ),
    *(
        Row(
            name=name,
            note=note,
            method=method,
            args=lambda world: [world.accommodation.pk],
            form=accommodation_change if method == "put" else no_form,
            is_json=method == "put",
            expected=f"401 404 404 {own} 404 404 {done} {done} 404 404 {done}",
        )
        for name, note, method, own, done in (
            ("api:accommodation-detail", "", "get", 200, 200),
            ("api:accommodation-detail", "change", "put", 403, 200),
            ("api:accommodation-detail", "withdraw", "delete", 403, 204),
            ("api:accommodation-withdrawal", "", "get", 403, 200),
        )
    ),
    Row(
        name="api:extension-request-list",
        note="asking",
        method="post",
        form=lambda world: {
            "assignment": world.assignment.pk,
            "wished_due_at": f"{hours(200):%Y-%m-%dT%H:%MZ}",
            "reason": "ill",
        },
        # The classmate has an open request already.
        expected="401 404 201 400 404 403 403 403 403 404 403",
    ),
    *(
        Row(
            name=f"api:extension-request-{end}",
            args=lambda world: [world.extension_request.pk],
            expected="401 404 404 200 404 404 200 200 404 404 200",
        )
        for end in ("detail", "file")
    ),
    Row(
        name="api:extension-request-withdraw",
        method="post",
        args=lambda world: [world.extension_request.pk],
        expected="401 404 404 200 404 404 403 403 404 404 403",
    ),
    *(
        Row(
            name=f"api:extension-request-{verb}",
            method="post",
            args=lambda world: [world.extension_request.pk],
            form=lambda _: {"due_at": "2099-03-15T12:00:00Z", "answer": "words"},
            is_json=True,
            expected="401 404 404 403 404 404 200 200 404 404 200",
        )
        for verb in ("grant", "refuse", "preview")
    ),
    Row(
        name="api:submission-list",
        method="post",
        form=lambda world: api_form(world.assignment),
        expected="401 404 201 201 404 403 403 403 403 404 403",
    ),
    Row(
        name="api:submission-list",
        note="hidden",
        method="post",
        form=lambda world: api_form(world.hidden_assignment),
        expected="401 404 404 404 404 403 403 403 403 404 403",
    ),
    Row(name="api:submission-detail", args=of_submission, expected=api(OWN_WORK)),
    Row(name="api:submission-receipt", args=of_submission, expected=api(OWN_WORK)),
    Row(
        name="api:submission-counting",
        form=lambda world: {"assignment": world.assignment.pk},
        expected=api(STAFF),
    ),
    Row(
        name="api:submission-for-student",
        method="post",
        form=lambda world: {
            "assignment": world.assignment.pk,
            "student": world.people["owner"].pk,
            "reason": "x",
            "work.ipynb": SimpleUploadedFile("w.ipynb", small_notebook().encode()),
        },
        expected="401 404 403 403 404 403 201 201 403 404 201",
    ),
    # 409: this assignment leaves no choice.
    *(
        Row(
            name="api:submission-choose",
            method=method,
            args=of_submission,
            expected="401 404 409 404 404 403 403 403 403 404 403",
        )
        for method in ("post", "delete")
    ),
    Row(
        name="api:submission-file",
        args=lambda world: [world.submission.pk, "work.ipynb"],
        expected=api(OWN_WORK),
    ),
    Row(
        name="api:opened-attempt-list",
        method="post",
        form=lambda world: opening(world.assignment),
        is_json=True,
        expected="401 404 201 201 404 403 403 403 403 404 403",
    ),
    Row(
        name="api:opened-attempt-list",
        note="hidden",
        method="post",
        form=lambda world: opening(world.hidden_assignment),
        is_json=True,
        expected="401 404 404 404 404 403 403 403 403 404 403",
    ),
    Row(name="api:opened-attempt-detail", args=of_opened, expected=api(OWN_WORK)),
    Row(
        name="api:opened-attempt-detail",
        method="delete",
        args=of_opened,
        expected="401 404 204 404 404 403 403 403 403 404 403",
    ),
    # Its notebook has not arrived.
    Row(
        name="api:opened-attempt-finish",
        method="post",
        args=of_opened,
        expected="401 404 409 404 404 403 403 403 403 404 403",
    ),
    Row(
        name="api:opened-attempt-check",
        method="post",
        args=of_opened,
        expected="401 404 409 404 404 403 403 403 403 404 403",
    ),
    # 400 and 415: the author's request goes on, and lacks other headers.
    Row(
        name="api:upload-create",
        method="post",
        args=of_opened,
        headers=VERSION,
        expected="401 404 400 404 404 404 404 404 404 404 404",
    ),
    Row(
        name="api:upload",
        method="patch",
        args=of_upload,
        headers=VERSION,
        is_json=True,
        expected="401 404 415 404 404 404 404 404 404 404 404",
    ),
    Row(
        name="api:upload",
        method="delete",
        args=of_upload,
        headers=VERSION,
        expected="401 404 204 404 404 404 404 404 404 404 404",
    ),
    Row(
        name="api:self-check-list",
        method="post",
        form=lambda world: api_form(world.assignment),
        expected="401 404 201 201 404 403 403 403 403 404 403",
    ),
    Row(
        name="api:self-check-list",
        note="hidden",
        method="post",
        form=lambda world: api_form(world.hidden_assignment),
        expected="401 404 404 404 404 403 403 403 403 404 403",
    ),
    *(
        Row(name=f"api:self-check-{end}", args=of_self_check, expected=api(OWNER_ALONE))
        for end in ("detail", "notebook")
    ),
    Row(
        name="api:self-check-hand-in",
        method="post",
        args=of_self_check,
        form=lambda world: {"declaration": True},
        is_json=True,
        expected="401 404 201 404 404 404 404 404 404 404 404",
    ),
    Row(
        name="api:run-detail",
        note="of a self-check",
        args=lambda world: [world.self_check.run.pk],
        expected=api(NOBODY),
    ),
    Row(name="api:run-detail", args=of_run, expected=api(OWN_WORK)),
    Row(name="api:run-notebook", args=of_run, expected=api(OWN_WORK)),
    Row(
        name="api:mark-detail",
        args=lambda world: [world.mark.pk],
        expected=api(OWN_WORK),
    ),
]
REGRADE_REQUESTS: Final = [
    # The marks are not released, so their owner does not see them.
    Row(
        name="api:regrade-request-detail",
        args=lambda world: [world.regrade_request.pk],
        expected="401 404 404 404 404 200 200 200 200 404 200",
    ),
    Row(
        name="api:regrade-request-list",
        note="asking before the release",
        method="post",
        form=lambda world: {
            "assignment": world.assignment.pk,
            "question": "answer",
            "reason": "x",
        },
        is_json=True,
        expected="401 404 400 400 404 403 403 403 403 404 403",
    ),
    Row(
        name="api:regrade-request-withdraw",
        method="post",
        args=lambda world: [world.regrade_request.pk],
        expected="401 404 404 404 404 403 403 403 403 404 403",
    ),
    Row(
        name="api:regrade-request-answer",
        method="post",
        args=lambda world: [world.regrade_request.pk],
        form=lambda world: {"answer": "It stays."},
        is_json=True,
        expected="401 404 404 404 404 200 200 403 403 404 200",
    ),
]
ROWS: Final = [*PAGES, *API, *REGRADE_REQUESTS]
