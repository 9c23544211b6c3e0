"""Courses and what they hand out."""

from django.urls import path

from courses import views

app_name = "courses"
urlpatterns = [
    path("<slug:slug>/", views.course, name="course"),
    path(
        "<slug:slug>/materials/<int:pk>/file/",
        views.material_file,
        name="material-file",
    ),
    path(
        "<slug:slug>/coursework/<slug:aslug>/files/<filename:name>",
        views.handout,
        name="handout",
    ),
]
