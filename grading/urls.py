"""The addresses of the pages of coursework, runs and marks."""

from django.urls import path

from grading import views

app_name = "grading"
STAFF = "courses/<slug:slug>/coursework/<slug:aslug>/staff"
urlpatterns = [
    path("courses/<slug:slug>/marks/", views.marks, name="marks"),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/",
        views.assignment,
        name="assignment",
    ),
    path(
        "courses/<slug:slug>/manage/coursework/new/",
        views.assignment_new,
        name="assignment-new",
    ),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/submit/",
        views.submit,
        name="submit",
    ),
    path(
        f"{STAFF}/",
        views.assignment_staff,
        name="assignment-staff",
    ),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/import/",
        views.assignment_import,
        name="assignment-import",
    ),
    path(f"{STAFF}/settings/", views.assignment_settings, name="assignment-settings"),
    path(f"{STAFF}/extensions/", views.extensions, name="extensions"),
    path(
        f"{STAFF}/extensions/<int:pk>/withdraw/",
        views.extension_withdraw,
        name="extension-withdraw",
    ),
    path(f"{STAFF}/release/", views.release, name="release"),
    path(f"{STAFF}/revisions/<int:number>/", views.trials, name="trials"),
    path(
        f"{STAFF}/revisions/<int:number>/try/", views.trials_start, name="trials-start"
    ),
    path(
        f"{STAFF}/revisions/<int:number>/trials/<str:trial>/notebook/",
        views.trial_notebook,
        name="trial-notebook",
    ),
    path(
        f"{STAFF}/revisions/<int:number>/trials/<str:trial>/notebook.ipynb",
        views.trial_file,
        name="trial-file",
    ),
    path(f"{STAFF}/revisions/<int:number>/publish/", views.publish, name="publish"),
    path(f"{STAFF}/rescore/", views.rescore_marks, name="rescore"),
    path(f"{STAFF}/rerun/", views.regrade_start, name="regrade-start"),
    path(f"{STAFF}/reruns/<int:pk>/", views.regrade, name="regrade"),
    path(
        f"{STAFF}/reruns/<int:pk>/confirm/",
        views.regrade_confirm,
        name="regrade-confirm",
    ),
    path(
        f"{STAFF}/reruns/<int:pk>/discard/",
        views.regrade_discard,
        name="regrade-discard",
    ),
    path("runs/<uuid:pk>/", views.run, name="run"),
    path("runs/<uuid:pk>/status/", views.run_status, name="run-status"),
    path("runs/<uuid:pk>/notebook/", views.run_notebook, name="run-notebook"),
    path("runs/<uuid:pk>/cancel/", views.run_cancel, name="run-cancel"),
    path("runs/<uuid:pk>/again/", views.run_again, name="run-again"),
]
