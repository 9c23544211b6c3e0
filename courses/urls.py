"""Courses and what they hand out."""

from django.urls import path

from courses.views import course, downloads

app_name = "courses"
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
]
