"""The addresses of submissions: receipts, their files, and verifying a receipt."""

from django.urls import path

from submissions.views import submission, verify

app_name = "submissions"
urlpatterns = [
    path("verify/", verify.verify, name="verify"),
    path("verify/keys.pem", verify.receipt_keys, name="receipt-keys"),
    path("<uuid:pk>/", submission.submission, name="submission"),
    path("<uuid:pk>/receipt.txt", submission.receipt_file, name="receipt-file"),
    path("<uuid:pk>/files/<filename:name>", submission.file, name="file"),
]
