"""Courses and what they hand out."""

from django.urls import path

from courses.views import (
    announcements,
    copying,
    course,
    downloads,
    manage,
    timetable,
)

app_name = "courses"
MANAGE = "<slug:slug>/manage"
urlpatterns = [
    path("<slug:slug>/", course.course, name="course"),
    path(
        "<slug:slug>/materials/<int:pk>/file/",
        downloads.material_file,
        name="material-file",
    ),
    path(
        "<slug:slug>/coursework/<slug:aslug>/files/<filename:name>",
        downloads.handout,
        name="handout",
    ),
    path(f"{MANAGE}/", manage.manage, name="manage"),
    path(f"{MANAGE}/changes/", manage.changes, name="changes"),
    path(f"{MANAGE}/shift/", timetable.shift, name="shift"),
    path(f"{MANAGE}/copy/", copying.copy, name="copy"),
    path(
        f"{MANAGE}/sessions/<int:pk>/cancel/",
        timetable.session_cancel,
        name="session-cancel",
    ),
    path(
        f"{MANAGE}/sessions/<int:pk>/restore/",
        timetable.session_restore,
        name="session-restore",
    ),
    path(
        f"{MANAGE}/sessions/<int:pk>/move/",
        timetable.session_move,
        name="session-move",
    ),
    path(
        f"{MANAGE}/announcements/",
        announcements.announcements,
        name="announcements",
    ),
    path(
        f"{MANAGE}/announcements/<int:pk>/",
        announcements.announcement_edit,
        name="announcement-edit",
    ),
    path(
        f"{MANAGE}/announcements/<int:pk>/delete/",
        announcements.announcement_delete,
        name="announcement-delete",
    ),
]
