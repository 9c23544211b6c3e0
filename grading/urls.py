"""The addresses of the pages of coursework, runs and marks."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from grading.views import (
    accommodations,
    assignment,
    assignment_files,
    assignment_import,
    assignment_new,
    assignment_settings,
    assignment_staff,
    entered_file,
    entered_marks,
    executed,
    extension_answer,
    extension_request,
    extension_requests,
    extensions,
    extensions_many,
    feedback,
    hand_in_for,
    late_rule,
    mark_history,
    marking,
    marking_agree,
    marking_answers,
    marking_changes,
    marking_comments,
    marking_nothing,
    marking_parts,
    marking_settings,
    marking_statistics,
    marking_work,
    outage,
    regrade,
    regrade_answer,
    regrade_requests,
    regrade_start,
    release,
    rescore,
    rubric,
    run,
    self_check,
    standings,
    storage,
    trials,
    use,
)

app_name = "grading"


class MarkingCodeConverter(StringConverter):
    """`<markingcode:code>` in addresses: the code of a student on marking pages."""

    regex = "[A-Z0-9]{6,12}"


register_converter(MarkingCodeConverter, "markingcode")
STAFF = "courses/<slug:slug>/coursework/<slug:aslug>/staff"
urlpatterns = [
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/",
        assignment.assignment,
        name="assignment",
    ),
    path(
        "courses/<slug:slug>/manage/coursework/new/",
        assignment_new.assignment_new,
        name="assignment-new",
    ),
    path(
        "courses/<slug:slug>/manage/late-rule/", late_rule.late_rule, name="late-rule"
    ),
    path("courses/<slug:slug>/manage/storage/", storage.storage, name="storage"),
    path(
        "courses/<slug:slug>/manage/accommodations/",
        accommodations.accommodations,
        name="accommodations",
    ),
    path(
        "courses/<slug:slug>/manage/accommodations/<int:pk>/withdraw/",
        accommodations.accommodation_withdraw,
        name="accommodation-withdraw",
    ),
    path(
        "courses/<slug:slug>/manage/extension-requests/",
        extension_requests.extension_requests,
        name="extension-requests",
    ),
    path(
        "courses/<slug:slug>/manage/extension-requests/<int:pk>/",
        extension_answer.extension_answer,
        name="extension-answer",
    ),
    path("courses/<slug:slug>/manage/outage/", outage.outage, name="outage"),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/extension/",
        extension_request.extension_request,
        name="extension-request",
    ),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/extension/<int:pk>/withdraw/",
        extension_request.extension_request_withdraw,
        name="extension-request-withdraw",
    ),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/extension/<int:pk>/file/",
        extension_request.extension_request_file,
        name="extension-request-file",
    ),
    path("courses/<slug:slug>/manage/use/", use.use, name="use"),
    path("courses/<slug:slug>/manage/use.csv", use.use_file, name="use-file"),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/submit/",
        assignment.submit,
        name="submit",
    ),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/check/",
        assignment.check_work,
        name="check-work",
    ),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/choose/",
        assignment.attempt_choose,
        name="attempt-choose",
    ),
    path(
        f"{STAFF}/",
        assignment_staff.assignment_staff,
        name="assignment-staff",
    ),
    path(
        f"{STAFF}/marks.csv",
        assignment_staff.marks_file,
        name="marks-file",
    ),
    path(
        f"{STAFF}/counting.zip",
        assignment_staff.counting_files,
        name="counting-files",
    ),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/import/",
        assignment_import.assignment_import,
        name="assignment-import",
    ),
    path(
        f"{STAFF}/files/",
        assignment_files.assignment_files,
        name="assignment-files",
    ),
    path(
        f"{STAFF}/marking/rubrics/<slug:key>/",
        rubric.rubric,
        name="rubric",
    ),
    path(
        f"{STAFF}/marking/rubrics/<slug:key>/rubric.yaml",
        rubric.rubric_file,
        name="rubric-file",
    ),
    path(
        f"{STAFF}/settings/",
        assignment_settings.assignment_settings,
        name="assignment-settings",
    ),
    path(f"{STAFF}/marking/", marking.marking, name="marking"),
    path(
        f"{STAFF}/marking/settings/",
        marking_settings.marking_settings,
        name="marking-settings",
    ),
    path(f"{STAFF}/marking/agree/", marking_agree.marking_agree, name="marking-agree"),
    path(
        f"{STAFF}/marking/statistics/",
        marking_statistics.marking_statistics,
        name="marking-statistics",
    ),
    path(f"{STAFF}/hand-in-for/", hand_in_for.hand_in_for, name="hand-in-for"),
    path(f"{STAFF}/extensions/", extensions.extensions, name="extensions"),
    path(
        f"{STAFF}/extensions/many/",
        extensions_many.extensions_many,
        name="extensions-many",
    ),
    path(
        f"{STAFF}/extensions/<int:pk>/withdraw/",
        extensions.extension_withdraw,
        name="extension-withdraw",
    ),
    path(f"{STAFF}/entered/", entered_marks.entered_marks, name="entered-marks"),
    path(f"{STAFF}/entered/file/", entered_file.entered_file, name="entered-file"),
    path(f"{STAFF}/marks/<int:pk>/", mark_history.mark_history, name="mark-history"),
    path(f"{STAFF}/release/", release.release, name="release"),
    path(f"{STAFF}/standings/", standings.standings, name="standings"),
    path(f"{STAFF}/revisions/<int:number>/", trials.trials, name="trials"),
    path(
        f"{STAFF}/revisions/<int:number>/try/", trials.trials_start, name="trials-start"
    ),
    path(
        f"{STAFF}/revisions/<int:number>/trials/<str:trial>/notebook/",
        trials.trial_notebook,
        name="trial-notebook",
    ),
    path(
        f"{STAFF}/revisions/<int:number>/trials/<str:trial>/notebook.ipynb",
        trials.trial_file,
        name="trial-file",
    ),
    path(f"{STAFF}/revisions/<int:number>/publish/", trials.publish, name="publish"),
    path(f"{STAFF}/rescore/", rescore.rescore, name="rescore"),
    path(f"{STAFF}/regrade/", regrade_start.regrade_start, name="regrade-start"),
    path(f"{STAFF}/regrades/<int:pk>/", regrade.regrade, name="regrade"),
    path(
        f"{STAFF}/regrades/<int:pk>/confirm/",
        regrade.regrade_confirm,
        name="regrade-confirm",
    ),
    path(
        f"{STAFF}/regrades/<int:pk>/discard/",
        regrade.regrade_discard,
        name="regrade-discard",
    ),
    # Marking pages of a question. Nothing but a key stands behind `questions`, and codes
    # have capital letters and digits alone, so no key or code hides another page.
    path(
        f"{STAFF}/marking/questions/<slug:key>/answers/",
        marking_answers.marking_answers,
        name="marking-answers",
    ),
    path(
        f"{STAFF}/marking/questions/<slug:key>/nothing/",
        marking_nothing.marking_nothing,
        name="marking-nothing",
    ),
    path(
        f"{STAFF}/marking/questions/<slug:key>/comments/",
        marking_comments.marking_comments,
        name="marking-comments",
    ),
    path(
        f"{STAFF}/marking/questions/<slug:key>/<markingcode:code>/",
        marking_work.marking_work,
        name="marking-work",
    ),
    path(
        f"{STAFF}/marking/questions/<slug:key>/<markingcode:code>/notebook/",
        marking_parts.marking_notebook,
        name="marking-notebook",
    ),
    path(
        f"{STAFF}/marking/questions/<slug:key>/<markingcode:code>/changes/",
        marking_changes.marking_changes,
        name="marking-changes",
    ),
    path(
        f"{STAFF}/marking/questions/<slug:key>/<markingcode:code>/files/<filename:name>/",
        marking_parts.marking_file,
        name="marking-file",
    ),
    path(
        f"{STAFF}/marking/questions/<slug:key>/<markingcode:code>/files/<filename:name>/shown/",
        marking_parts.marking_file_shown,
        name="marking-file-shown",
    ),
    path(
        f"{STAFF}/marking/questions/<slug:key>/<markingcode:code>/like/",
        marking_parts.marking_like,
        name="marking-like",
    ),
    path(
        f"{STAFF}/marking/questions/<slug:key>/<markingcode:code>/standing/",
        marking_parts.marking_standing,
        name="marking-standing",
    ),
    path(
        f"{STAFF}/marking/questions/<slug:key>/<markingcode:code>/presence/",
        marking_parts.marking_presence,
        name="marking-presence",
    ),
    path(
        f"{STAFF}/marking/questions/<slug:key>/",
        marking_work.marking_next,
        name="marking-next",
    ),
    # Feedback and regrade requests
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/feedback/",
        feedback.feedback,
        name="feedback",
    ),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/feedback/file/",
        feedback.feedback_file,
        name="feedback-file",
    ),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/feedback/<int:pk>/withdraw/",
        feedback.regrade_withdraw,
        name="regrade-withdraw",
    ),
    path(f"{STAFF}/feedback/<slug:code>/", feedback.feedback_of, name="feedback-of"),
    path(
        f"{STAFF}/feedback/<slug:code>/notebook/",
        feedback.feedback_notebook,
        name="feedback-notebook",
    ),
    path(
        f"{STAFF}/regrade-requests/",
        regrade_requests.regrade_requests,
        name="regrade-requests",
    ),
    path(
        f"{STAFF}/regrade-requests/<int:pk>/",
        regrade_answer.regrade_answer,
        name="regrade-answer",
    ),
    path("runs/<uuid:pk>/", run.run, name="run"),
    path("runs/<uuid:pk>/status/", run.run_status, name="run-status"),
    path("runs/<uuid:pk>/notebook/", run.run_notebook, name="run-notebook"),
    path("runs/<uuid:pk>/executed/", executed.executed, name="executed"),
    path("runs/<uuid:pk>/cancel/", run.run_cancel, name="run-cancel"),
    path("runs/<uuid:pk>/again/", run.run_again, name="run-again"),
    path("self-checks/<uuid:pk>/", self_check.self_check, name="self-check"),
    path(
        "self-checks/<uuid:pk>/status/",
        self_check.self_check_status,
        name="self-check-status",
    ),
    path(
        "self-checks/<uuid:pk>/notebook/",
        self_check.self_check_notebook,
        name="self-check-notebook",
    ),
    path(
        "self-checks/<uuid:pk>/executed/",
        executed.self_check_executed,
        name="self-check-executed",
    ),
    path(
        "self-checks/<uuid:pk>/cancel/",
        self_check.self_check_cancel,
        name="self-check-cancel",
    ),
    path(
        "self-checks/<uuid:pk>/hand-in/",
        self_check.self_check_hand_in,
        name="self-check-hand-in",
    ),
]
