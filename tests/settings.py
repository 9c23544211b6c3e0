"""The project's settings for tests, with their own key and without slow work.

The real processes that tests start use these settings too. DATABASE_URL chooses the
database server; each pytest-xdist worker has its own database and folder.
"""

import atexit
import os
import shutil
import tempfile

if "SOFTMARK_TEST_VAR" in os.environ:
    # In a process that a test started, this is the test's folder.
    os.environ["SOFTMARK_VAR"] = os.environ["SOFTMARK_TEST_VAR"]
else:
    _folder = tempfile.mkdtemp(prefix="softmark-tests-")
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    os.environ["SOFTMARK_VAR"] = _folder
os.environ["SECRET_KEY"] = "only-for-tests-" + "x" * 50
os.environ.setdefault("LOG_LEVEL", "ERROR")
# A test that looks at the waits after our faults sets them.
os.environ.setdefault("RETRY_SECONDS", "0")

from portal.settings import *  # noqa: F403
from portal.settings import DATABASES, STORAGES, VAR_DIR

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True

_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    # A file, so that a test's processes share it, without waiting for the disk.
    _database["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
    _database["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
