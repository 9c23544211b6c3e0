"""The addresses of the pages of coursework, runs and marks."""

from django.urls import path

from grading.views import (
    assignment,
    assignment_import,
    assignment_new,
    assignment_settings,
    assignment_staff,
    extensions,
    late_rule,
    marks,
    regrade,
    regrade_start,
    release,
    rescore,
    run,
    trials,
    use,
)

app_name = "grading"
STAFF = "courses/<slug:slug>/coursework/<slug:aslug>/staff"
urlpatterns = [
    path("courses/<slug:slug>/marks/", marks.marks, name="marks"),
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
    path("courses/<slug:slug>/manage/use/", use.use, name="use"),
    path("courses/<slug:slug>/manage/use.csv", use.use_file, name="use-file"),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/submit/",
        assignment.submit,
        name="submit",
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
        "courses/<slug:slug>/coursework/<slug:aslug>/import/",
        assignment_import.assignment_import,
        name="assignment-import",
    ),
    path(
        f"{STAFF}/settings/",
        assignment_settings.assignment_settings,
        name="assignment-settings",
    ),
    path(f"{STAFF}/extensions/", extensions.extensions, name="extensions"),
    path(
        f"{STAFF}/extensions/<int:pk>/withdraw/",
        extensions.extension_withdraw,
        name="extension-withdraw",
    ),
    path(f"{STAFF}/release/", release.release, name="release"),
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
    path("runs/<uuid:pk>/", run.run, name="run"),
    path("runs/<uuid:pk>/status/", run.run_status, name="run-status"),
    path("runs/<uuid:pk>/notebook/", run.run_notebook, name="run-notebook"),
    path("runs/<uuid:pk>/cancel/", run.run_cancel, name="run-cancel"),
    path("runs/<uuid:pk>/again/", run.run_again, name="run-again"),
]
