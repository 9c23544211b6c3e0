"""The addresses of a submission: the receipt and its files."""

from django.urls import path

from submissions import views

app_name = "submissions"
urlpatterns = [
    path("<uuid:pk>/", views.submission, name="submission"),
    path("<uuid:pk>/files/<filename:name>", views.file, name="file"),
]
