"""The project's settings, for tests: a key of their own and no work that slows them."""

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 50)
os.environ.setdefault("SOFTMARK_VAR", tempfile.mkdtemp(prefix="softmark-tests-"))
os.environ.setdefault("LOG_LEVEL", "ERROR")

from portal.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {  # noqa: F405
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
WHITENOISE_AUTOREFRESH = True
