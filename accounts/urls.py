"""The addresses of one's own account. allauth's, under /accounts/, sign in and out."""

from django.urls import path

from accounts.views import profile, tokens

app_name = "accounts"
urlpatterns = [
    path("", profile.profile, name="profile"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/new/", tokens.token_create, name="token-create"),
    path("tokens/<int:pk>/revoke/", tokens.token_revoke, name="token-revoke"),
]
