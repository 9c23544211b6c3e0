"""The link by which a person whom staff enrolled chooses a first password."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from accounts.models import User


def password_link(user: User) -> str:
    """Return the address at which the person chooses a password.

    It works once, for as long as a link of “Forgot your password?” does. Everybody who
    has the link can take over the account: it is sent to the account's own address and
    nowhere else.
    """
    uid, key = user_pk_to_url_str(user), default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", args=[uid, key])
    return f"{settings.SITE_URL.rstrip('/')}{path}"
