"""Digests of what a change would do, to tell whether it is still what somebody saw."""

from django.utils.crypto import salted_hmac


def plan_digest(shown: object) -> str:
    """Return the digest of a plan. Plans that differ by their repr have different ones.

    SECURITY: it is keyed. A plan has marks that its page leaves out for second markers;
    with a plain hash they could try all points until the digest of the page is found.
    """
    text = repr(shown)
    return salted_hmac("softmark.plan", text, algorithm="sha256").hexdigest()
