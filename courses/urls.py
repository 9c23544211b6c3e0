"""Addresses of courses' pages and downloads, and of people's calendars."""

from django.urls import include, path

from courses.views import (
    announcement_delete,
    announcement_edit,
    announcements,
    calendar,
    changes,
    course,
    course_copy,
    course_file,
    course_new,
    course_new_file,
    course_settings,
    downloads,
    manage,
    material,
    news,
    people,
    person_add,
    progress,
    roster,
    session_cancel,
    session_move,
    session_restore,
    shift,
)

app_name = "courses"
MANAGE = "<slug:slug>/manage"
of_courses = [
    path("new/", course_new.course_new, name="course-new"),
    path("new/file/", course_new_file.course_new_file, name="course-new-file"),
    path("<slug:slug>/", course.course, name="course"),
    path("<slug:slug>/news/", news.news, name="news"),
    path("<slug:slug>/progress/", progress.progress, name="progress"),
    path(
        "<slug:slug>/materials/<int:pk>/file/",
        downloads.material_file,
        name="material-file",
    ),
    path(
        "<slug:slug>/attachments/<int:pk>/file/",
        downloads.attachment_file,
        name="attachment-file",
    ),
    path("<slug:slug>/materials/<slug:key>/", material.material, name="material"),
    path(
        "<slug:slug>/materials/<slug:key>/pdf/",
        material.material_inline,
        name="material-inline",
    ),
    path(
        "<slug:slug>/materials/<slug:key>/notebook/",
        material.material_notebook,
        name="material-notebook",
    ),
    path(
        "<slug:slug>/coursework/<slug:aslug>/files/<filepath:name>",
        downloads.handout,
        name="handout",
    ),
    path(
        "<slug:slug>/coursework/<slug:aslug>/files.zip",
        downloads.handout_zip,
        name="handout-zip",
    ),
    path("<slug:slug>/people/", people.people, name="people"),
    path("<slug:slug>/people/role/", people.role, name="role"),
    path("<slug:slug>/people/add/", person_add.person_add, name="person-add"),
    path("<slug:slug>/people/invite/", people.invite, name="invite"),
    path("<slug:slug>/people/roster/", roster.roster, name="roster"),
    path(
        "<slug:slug>/people/roster.csv",
        roster.roster_export,
        name="roster-export",
    ),
    path(f"{MANAGE}/", manage.manage, name="manage"),
    path(f"{MANAGE}/changes/", changes.changes, name="changes"),
    path(
        f"{MANAGE}/settings/", course_settings.course_settings, name="course-settings"
    ),
    path(f"{MANAGE}/file/", course_file.course_file, name="course-file"),
    path(f"{MANAGE}/shift/", shift.shift, name="shift"),
    path(f"{MANAGE}/copy/", course_copy.course_copy, name="course-copy"),
    path(
        f"{MANAGE}/sessions/<int:pk>/cancel/",
        session_cancel.session_cancel,
        name="session-cancel",
    ),
    path(
        f"{MANAGE}/sessions/<int:pk>/restore/",
        session_restore.session_restore,
        name="session-restore",
    ),
    path(
        f"{MANAGE}/sessions/<int:pk>/move/",
        session_move.session_move,
        name="session-move",
    ),
    path(
        f"{MANAGE}/announcements/",
        announcements.announcements,
        name="announcements",
    ),
    path(
        f"{MANAGE}/announcements/<int:pk>/",
        announcement_edit.announcement_edit,
        name="announcement-edit",
    ),
    path(
        f"{MANAGE}/announcements/<int:pk>/delete/",
        announcement_delete.announcement_delete,
        name="announcement-delete",
    ),
]
urlpatterns = [
    path("courses/", include(of_courses)),
    # One calendar for each person, with all their courses.
    path("account/calendar/", calendar.calendar, name="calendar"),
    path("account/calendar/new/", calendar.calendar_renew, name="calendar-renew"),
    path("account/calendar/end/", calendar.calendar_revoke, name="calendar-revoke"),
    path("calendar/<str:secret>.ics", calendar.feed, name="feed"),
]
