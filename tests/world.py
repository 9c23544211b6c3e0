"""A small world for permission tests: people, and the rows that they own.

world = make_world() client = world.client("classmate")
"""

from dataclasses import dataclass
from typing import Final

from django.core.files.base import ContentFile
from django.test import Client

from accounts.models import ApiToken, User
from accounts.services import create_token
from courses.calendar.services import renew_feed
from courses.models import (
    Accommodation,
    Announcement,
    Assignment,
    Attachment,
    Course,
    CourseChange,
    Extension,
    ExtensionRequest,
    Lecture,
    Material,
    Rubric,
    Session,
    Week,
)
from formats.choices import Part
from grading.models import GradingRun, Mark, Regrade, RegradeRequest, SelfCheck
from grading.services.aliases import codes_of
from submissions.models import OpenedAttempt, Submission
from tests.factories import (
    AccommodationFactory,
    AnnouncementFactory,
    AssignmentFactory,
    AttachmentFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    ExtensionRequestFactory,
    GradingRunFactory,
    LectureFactory,
    ManualQuestionFactory,
    MarkFactory,
    MaterialFactory,
    OpenedAttemptFactory,
    QuestionResultFactory,
    RegradeFactory,
    RegradeRequestFactory,
    RevisionFileFactory,
    RubricFactory,
    SelfCheckFactory,
    SelfCheckRunFactory,
    SessionFactory,
    SubmissionFactory,
    TrialFactory,
    UserFactory,
    WeekFactory,
    hours,
    small_notebook,
    store_text,
)

# Every kind of viewer: not signed in, without a course, the author of the work, another
# student, a student who has left, the course's staff, another course's lecturer, and
# site staff.
VIEWERS: Final = (
    "anonymous",
    "outsider",
    "owner",
    "classmate",
    "former",
    "assistant",
    "lecturer",
    "administrator",
    "examiner",
    "other_lecturer",
    "superuser",
)


# Why the classmate needs more time: only they and the course's editors may read it.
PRIVATE: Final = "because of an operation"


@dataclass(frozen=True, kw_only=True)
class World:
    """One course with a row of everything, and the people who view it."""

    people: dict[str, User]
    course: Course
    week: Week
    session: Session
    cancelled_session: Session
    announcement: Announcement
    material: Material
    hidden_material: Material
    notebook: Material
    attachment: Attachment
    hidden_attachment: Attachment
    assignment: Assignment
    hidden_assignment: Assignment
    hidden_rubric: Rubric
    submission: Submission
    run: GradingRun
    queued_run: GradingRun
    opened: OpenedAttempt
    self_check: SelfCheck
    mark: Mark
    trial: GradingRun
    regrade: Regrade
    regrade_request: RegradeRequest
    code: str
    token: ApiToken
    feed_secret: str
    lecture: Lecture
    hidden_session: Session
    draft: Announcement
    extension: Extension
    extension_request: ExtensionRequest
    accommodation: Accommodation
    change: CourseChange
    private_change: CourseChange
    other_course: Course
    hidden_course: Course

    def client(self, viewer: str) -> Client:
        """Return a client signed in as this viewer, without the CSRF check."""
        client = Client()
        if viewer in self.people:
            client.force_login(self.people[viewer])
        return client


def make_people(course: Course) -> dict[str, User]:
    """Return all viewers except the anonymous one."""
    return {
        "outsider": UserFactory.create(),
        "owner": EnrolmentFactory.create(course=course).user,
        "classmate": EnrolmentFactory.create(course=course).user,
        "former": EnrolmentFactory.create(course=course, left=True).user,
        "assistant": EnrolmentFactory.create(course=course, assistant=True).user,
        "lecturer": EnrolmentFactory.create(course=course, lecturer=True).user,
        "administrator": EnrolmentFactory.create(
            course=course, administrator=True
        ).user,
        "examiner": EnrolmentFactory.create(course=course, examiner=True).user,
        "other_lecturer": EnrolmentFactory.create(lecturer=True).user,
        "superuser": UserFactory.create(site_staff=True),
    }


def attach(material: Material, **more: object) -> Attachment:
    """Return an attachment with answers, beside the material."""
    file = ContentFile(b"x", name="answers.txt")
    found: Attachment = AttachmentFactory.create(
        material=material, url="", file=file, **more
    )
    return found


def make_world() -> World:
    """Return the stored world. The owner has one finished attempt and one queued."""
    course = CourseFactory.create()
    people = make_people(course)
    owner = people["owner"]
    week = WeekFactory.create(course=course)
    assignment = AssignmentFactory.create(course=course, self_check_limit=5)
    RevisionFileFactory.create(
        revision=assignment.revision,
        part=Part.HANDOUT,
        name="handout.ipynb",
        text=small_notebook(),
    )
    submission = SubmissionFactory.create(assignment=assignment, author=owner)
    run = GradingRunFactory.create(
        submission=submission, finished=True, executed_sha256=store_text("{}")[0]
    )
    QuestionResultFactory.create(run=run)
    waiting = SubmissionFactory.create(assignment=assignment, author=owner)
    other = people["other_lecturer"]
    hidden_course = CourseFactory.create(hidden=True)
    EnrolmentFactory.create(course=hidden_course, user=other, lecturer=True)
    EnrolmentFactory.create(course=hidden_course, user=owner)
    material = MaterialFactory.create(
        course=course, week=week, file=ContentFile(b"%PDF-", name="notes.pdf")
    )
    self_check = SelfCheckFactory.create(assignment=assignment, author=owner)
    checked = SelfCheckRunFactory.create(
        self_check=self_check, finished=True, executed_sha256=store_text("{}")[0]
    )
    QuestionResultFactory.create(run=checked)
    hidden_assignment = AssignmentFactory.create(course=course, hidden=True)
    rubric = RubricFactory.create(assignment=hidden_assignment)
    ManualQuestionFactory.create(revision=hidden_assignment.revision, rubric=rubric)
    token, _ = create_token(actor=owner, name="laptop", scopes=[ApiToken.Scope.READ])
    return World(
        people=people,
        course=course,
        week=week,
        session=SessionFactory.create(course=course, week=week),
        cancelled_session=SessionFactory.create(
            course=course, week=week, cancelled_at=hours(-1), cancel_reason="ill"
        ),
        announcement=AnnouncementFactory.create(course=course),
        material=material,
        notebook=MaterialFactory.create(
            course=course,
            file=ContentFile(small_notebook().encode(), name="intro.ipynb"),
        ),
        attachment=attach(material),
        hidden_attachment=attach(material, hidden=True),
        hidden_material=MaterialFactory.create(
            course=course, file=ContentFile(b"%PDF-", name="next.pdf"), hidden=True
        ),
        assignment=assignment,
        hidden_assignment=hidden_assignment,
        hidden_rubric=rubric,
        submission=submission,
        run=run,
        queued_run=GradingRunFactory.create(submission=waiting),
        opened=OpenedAttemptFactory.create(assignment=assignment, author=owner),
        self_check=self_check,
        mark=MarkFactory.create(run=run),
        trial=TrialFactory.create(
            revision=assignment.revision, executed_sha256=store_text("{}")[0]
        ),
        regrade=RegradeFactory.create(assignment=assignment, of=submission),
        regrade_request=RegradeRequestFactory.create(submission=submission),
        code=codes_of(assignment, [owner.pk])[owner.pk],
        token=token,
        feed_secret=renew_feed(actor=owner),
        lecture=LectureFactory.create(course=course),
        hidden_session=SessionFactory.create(course=course, week=week, hidden=True),
        draft=AnnouncementFactory.create(course=course, hidden=True),
        extension=ExtensionFactory.create(
            assignment=assignment, student=people["classmate"], reason=PRIVATE
        ),
        extension_request=ExtensionRequestFactory.create(
            assignment=assignment,
            student=people["classmate"],
            reason=PRIVATE,
            file_name="certificate.pdf",
            file_sha256=store_text(PRIVATE)[0],
        ),
        accommodation=AccommodationFactory.create(
            course=course, student=people["classmate"], reason=PRIVATE
        ),
        change=CourseChangeFactory.create(course=course),
        private_change=CourseChangeFactory.create(course=course, is_public=False),
        other_course=other.enrolments.exclude(course=hidden_course).get().course,
        hidden_course=hidden_course,
    )
