"""Coursework, runs and marks."""

from django.urls import path

from grading import views

app_name = "grading"
urlpatterns = [
    path("courses/<slug:slug>/marks/", views.marks, name="marks"),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/",
        views.assignment,
        name="assignment",
    ),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/submit/",
        views.submit,
        name="submit",
    ),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/staff/",
        views.assignment_staff,
        name="assignment-staff",
    ),
    path(
        "courses/<slug:slug>/coursework/<slug:aslug>/import/",
        views.assignment_import,
        name="assignment-import",
    ),
    path("runs/<uuid:pk>/", views.run, name="run"),
    path("runs/<uuid:pk>/status/", views.run_status, name="run-status"),
    path("runs/<uuid:pk>/notebook/", views.run_notebook, name="run-notebook"),
    path("runs/<uuid:pk>/cancel/", views.run_cancel, name="run-cancel"),
    path("runs/<uuid:pk>/again/", views.run_again, name="run-again"),
]
