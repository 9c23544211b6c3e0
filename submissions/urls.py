"""The addresses of a submission: the receipt and its files."""

from django.urls import path

from submissions.views import submission

app_name = "submissions"
urlpatterns = [
    path("<uuid:pk>/", submission.submission, name="submission"),
    path("<uuid:pk>/files/<filename:name>", submission.file, name="file"),
]
