"""Courses and what they hand out."""

from django.urls import path

from courses.views import course, downloads, material, news, progress

app_name = "courses"
urlpatterns = [
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
        "<slug:slug>/coursework/<slug:aslug>/files/<filename:name>",
        downloads.handout,
        name="handout",
    ),
]
