"""Settings. Everything that differs between machines comes from the environment.

A `.env` file beside manage.py is read first; `make run` writes one. Variables and their
defaults are listed in docs/operating.md. A wrong or missing value stops the start with
words on what to set.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import structlog
from environs import Env
from marshmallow.validate import OneOf, Range, Regexp

from portal.log_limits import shorten_values

# Allows `ModelAdmin[User]` and the like at run time, as django-stubs types them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env(eager=True)
env.read_env(BASE_DIR / ".env", recurse=False)

# --- Process -----------------------------------------------------------------

SECRET_KEY: str = env.str("SECRET_KEY")
DEBUG: bool = env.bool("DEBUG", False)
ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"]
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
# Where `manage.py up` listens.
BIND: str = env.str("BIND", "127.0.0.1")
PORT: int = env.int("PORT", 8000, validate=Range(min=1, max=65535))
# The address with which links in mails and API responses begin.
SITE_URL: str = env.str("SITE_URL", f"http://localhost:{PORT}").rstrip("/")
_host = urlsplit(SITE_URL).hostname or ""
# Whether the portal's address names this machine: such a portal is for trying it out.
SITE_IS_LOCAL = _host in {"localhost", "127.0.0.1", "::1"} or _host.endswith(
    ".localhost"
)
HTTPS: bool = env.bool("HTTPS", SITE_URL.startswith("https://"))
VAR_DIR = Path(env.str("SOFTMARK_VAR", str(BASE_DIR / "var"))).resolve()
# The private key that signs receipts. It is made if it is not there.
RECEIPT_KEY_FILE = Path(
    env.str("RECEIPT_KEY_FILE", str(VAR_DIR / "receipt-key.pem"))
).resolve()

INSTALLED_APPS = [
    "storage",
    "accounts",
    "courses",
    "submissions",
    "grading",
    "gradebook",
    "portal",
    "portal.admin_config.PortalAdminConfig",
    # For our own templates of widgets.
    "django.forms",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_standardized_errors",
    "django_htmx",
    "csp",
    "import_export",
]

MIDDLEWARE = [
    "portal.middleware.answer_probes",
    "portal.middleware.name_requests",
    "portal.http_times.measure_requests",
    "portal.upload_gate.answer_refused_bodies",
    "grading.views.run_poll.answer_unchanged_runs",
    "portal.api_errors.answer_api_in_json",
    "portal.middleware.write_addresses_of_the_site",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.forbid_caching",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.api_errors.AppendSlashToPages",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.second_factor_gate.SecondFactorMiddleware",
    "portal.store_fault_pages.StoreFaultMiddleware",
    "portal.frozen_pages.FrozenMarksMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Data --------------------------------------------------------------------


def sqlite_options() -> dict[str, Any]:
    """Return the options with which SQLite serves web and workers at the same time.

    WAL lets readers and one writer work side by side. IMMEDIATE takes the write lock at
    BEGIN, so that no transaction fails half way. FULL makes a receipt mean that the row
    is on the disk.
    """
    return {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
            "PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=27103364; "
            "PRAGMA cache_size=-16000;"
        ),
    }


def postgres_timeouts() -> dict[str, Any]:
    """Return the options with which a connection to a server that is gone ends.

    Without them, a worker whose network has failed waits for a quarter of an hour in
    the middle of a heartbeat, and so does the clock of its job.
    """
    return {
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }


DATABASES: dict[str, dict[str, Any]] = {
    "default": env.dj_db_url(
        "DATABASE_URL", f"sqlite:///{VAR_DIR / 'softmark.sqlite3'}"
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = sqlite_options()
    # A thread keeps its connection: a new one reads the whole schema and starts with an
    # empty cache, while a request waits for it.
    DATABASES["default"]["CONN_MAX_AGE"] = 600
else:
    # A request uses one connection, and as many uploads as requests run at the same
    # time; a run uses one, and another while it starts.
    _most_threads = 2 * max(env.int("WEB_THREADS", 8), env.int("WORKER_SLOTS", 1))
    DATABASES["default"]["OPTIONS"] = {
        "pool": {
            "min_size": 1,
            "max_size": env.int("DATABASE_POOL", _most_threads + 4),
        },
        **postgres_timeouts(),
        **DATABASES["default"].get("OPTIONS", {}),
    }
    # After a restart of the server, the pool is full of broken connections.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The cache counts sign-in attempts. It is in the database, so that signing in works,
# and stays limited, while the broker is down.
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        # Above this number, the rows of some people's limits are dropped.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "storage.whole_files.WholeFileStorage",
        "OPTIONS": {"location": VAR_DIR / "files"},
    },
    # Content-addressed: only storage.blobs reads and writes it.
    "blobs": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": VAR_DIR / "blobs",
            "file_permissions_mode": 0o440,
            "directory_permissions_mode": 0o750,
        },
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
# Workers on other machines reach an object store where they share no folder.
BLOB_STORE: str = env.str(
    "BLOB_STORE",
    "",
    validate=Regexp(
        r"(s3://[^/?#\s]+(/[^?#\s]*)?)?\Z",
        error="must be s3://BUCKET or s3://BUCKET/PREFIX, or empty for a folder",
    ),
)
# This machine's copies of an object store's content, and how many bytes they may take.
BLOB_CACHE = VAR_DIR / "blob-cache"
BLOB_CACHE_BYTES: int = env.int("BLOB_CACHE_BYTES", 10 * 1024**3, validate=Range(min=0))

# Whether beat lets stored content go that no row names, and after how many days without
# a row it is set aside. It is removed after as many days again.
COLLECT_ORPHANS: bool = env.bool("COLLECT_ORPHANS", True)
ORPHAN_DAYS: int = env.int("ORPHAN_DAYS", 7, validate=Range(min=1))
# For how many days the files of a check before handing in are kept.
SELF_CHECK_DAYS: int = env.int("SELF_CHECK_DAYS", 1, validate=Range(min=1))


def object_stores(address: str) -> dict[str, dict[str, Any]]:
    """Return the storages of blobs and of materials' files at `s3://bucket/prefix`."""
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    return {
        name: {
            "BACKEND": "storage.object_store.ObjectStore",
            "OPTIONS": {
                "bucket_name": bucket,
                "location": "/".join(filter(None, (prefix.strip("/"), folder))),
                "file_overwrite": name == "blobs",
            },
        }
        for name, folder in (("default", "files"), ("blobs", "blobs"))
    }


if BLOB_STORE:
    STORAGES.update(object_stores(BLOB_STORE))
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# SECURITY: a table that staff preview before they import it waits here, and not as a
# file that anybody could name.
IMPORT_EXPORT_TMP_STORAGE_CLASS = "import_export.tmp_storages.CacheStorage"

# --- Uploads -----------------------------------------------------------------

FILE_UPLOAD_HANDLERS = [
    "submissions.arrival.ArrivalHandler",
    "submissions.arrival.ArrivedFileHandler",
]
FILE_UPLOAD_TEMP_DIR = VAR_DIR / "uploads"
# SECURITY: notebooks may run as another user of this machine, and must not read these.
# They are created when Django starts (portal/apps.py), open to nobody else.
OWN_FOLDERS = (VAR_DIR, VAR_DIR / "run", FILE_UPLOAD_TEMP_DIR)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FILES = 32
# The form in which people enter marks has two fields for each student.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
# Largest notebook and largest whole form, in bytes, whatever an assignment says.
MAX_NOTEBOOK_BYTES: int = env.int("MAX_NOTEBOOK_BYTES", 20 * 1024**2)
MAX_SUBMISSION_BYTES: int = env.int("MAX_SUBMISSION_BYTES", 600 * 1024**2)
# How many bytes the opened attempts of one student in a course may declare together,
# and after how many hours an opened attempt that was not handed in is dropped.
MAX_OPENED_BYTES: int = env.int("MAX_OPENED_BYTES", 1200 * 1024**2)
OPENED_HOURS: int = env.int("OPENED_HOURS", 24, validate=Range(min=1))
# How many bytes the files of one student may take in a course that sets no limit.
STUDENT_QUOTA_BYTES: int = env.int(
    "STUDENT_QUOTA_BYTES", 2 * 1024**3, validate=Range(min=1)
)

# Below this many free bytes, the disk is reported as nearly full.
LOW_DISK_BYTES: int = env.int("LOW_DISK_BYTES", 2 * 1024**3, validate=Range(min=0))

# --- People ------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "accounts.hashers.ModestArgon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.forms.sign_in.SignInForm",
    "change_password": "accounts.forms.sign_in.PasswordChangeForm",
    "reset_password_from_key": "accounts.forms.sign_in.PasswordResetForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# Django itself ends all the other sessions of the account.
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Softmark: "
# People are enrolled by staff; the operator of an open course may allow signing up.
ACCOUNT_SIGNUP_OPEN: bool = env.bool("ACCOUNT_SIGNUP_OPEN", False)
# Rosters and marks use the address, so where staff enrol people only they change it.
ACCOUNT_MAX_EMAIL_ADDRESSES: int | None = None if ACCOUNT_SIGNUP_OPEN else 1
# Whether site staff must have a second factor, and whether lecturers must, too. A
# portal that only this machine can reach is for trying things out.
STAFF_SECOND_FACTOR: bool = env.bool("STAFF_SECOND_FACTOR", not SITE_IS_LOCAL)
COURSE_STAFF_SECOND_FACTOR: bool = env.bool("COURSE_STAFF_SECOND_FACTOR", True)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# Staff vouch for the addresses that they enrol; others must be verified.
MFA_ALLOW_UNVERIFIED_EMAIL = not ACCOUNT_SIGNUP_OPEN
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS: int = env.int("HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
BEHIND_PROXY: bool = env.bool("BEHIND_PROXY", False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Limits on signing in count by address. Behind a proxy, all have the proxy's.
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    },
}

# --- Mail --------------------------------------------------------------------

_email: dict[str, Any] = env.dj_email_url("EMAIL_URL", "console:")
EMAIL_BACKEND: str = _email["EMAIL_BACKEND"]
EMAIL_HOST: str = _email.get("EMAIL_HOST") or "localhost"
EMAIL_PORT: int = _email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER: str = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD: str = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS: bool = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL: bool = _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", "Softmark <softmark@localhost>")

# --- Time and language -------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE: str = env.str("TIME_ZONE", "Europe/London")
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = "portal.formats"

# --- API ---------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    # A view that names no permission is closed.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_PAGINATION_CLASS": "portal.pagination.Page",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    # Nearly all of the API is read-only; a view that takes a body names its parsers.
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_METADATA_CLASS": None,
    # The response is always JSON; no address has the parameter `?format=`.
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_SCHEMA_CLASS": "drf_standardized_errors.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "DEFAULT_VERSIONING_CLASS": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Softmark API",
    "DESCRIPTION": "Courses, coursework, runs and marks, for other systems.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "MaterialKindEnum": "formats.choices.MaterialKind.choices",
        "SessionKindEnum": "formats.choices.SessionKind.choices",
        "ChangeKindEnum": "courses.models.CourseChange.Kind",
        "FileKindEnum": "formats.choices.FileKind.choices",
        "QuestionKindEnum": "formats.choices.QuestionKind.choices",
        "RunStateEnum": "grading.states.State",
        "VerdictEnum": "grading.states.Verdict",
        "MarkingStageEnum": "grading.models.Stage",
        "AllocationStageEnum": "grading.models.markings.ALLOCATED_STAGES",
    },
}
ERROR_STATUSES = ("400", "401", "403", "404", "429", "default")
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "courses.api.frozen_errors.CoursesApiExceptionHandler",
    # Described once, for every operation and status alike.
    "ALLOWED_ERROR_STATUS_CODES": list(ERROR_STATUSES),
    "ERROR_SCHEMAS": dict.fromkeys(
        ERROR_STATUSES, "accounts.api.schema.ErrorResponseSerializer"
    ),
}

# In exports for staff, a cell that begins like a formula is only text.
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True

# --- Celery ------------------------------------------------------------------

BROKER_URL: str = env.str(
    "BROKER_URL", f"redis+socket://{VAR_DIR / 'run' / 'broker.sock'}"
)
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
# There is no retry and no redelivery: the next look at the rows finds what was lost.
CELERY_TASK_ANNOTATIONS = {"*": {"max_retries": 0, "reject_on_worker_lost": False}}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "cpu"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 10,
    "socket_keepalive": True,
}
# A wake-up that cannot be sent is worth one quick try: the row is the queue.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "run" / "beat-schedule")
CELERY_TIMEZONE = "UTC"
# A message that nobody took before the next one is of no use.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep the queue": {
        "task": "portal.sweep_queue",
        "schedule": 60.0,
        "options": {"expires": 60, "ignore_result": True},
    },
    "mail announcements": {
        "task": "portal.mail_announcements",
        "schedule": 60.0,
        "options": {"expires": 60, "ignore_result": True},
    },
    "mail invitations": {
        "task": "courses.invite",
        "schedule": 60.0,
        "options": {"expires": 60, "ignore_result": True},
    },
    "mail receipts": {
        "task": "submissions.mail_receipts",
        "schedule": 60.0,
        "options": {"expires": 60, "ignore_result": True},
    },
    "mail answers to requests": {
        "task": "courses.mail_answers",
        "schedule": 60.0,
        "options": {"expires": 60, "ignore_result": True},
    },
    "mail to students": {
        "task": "courses.mail_students",
        "schedule": 60.0,
        "options": {"expires": 60, "ignore_result": True},
    },
    "mail answers to regrade requests": {
        "task": "grading.mail_regrade_answers",
        "schedule": 60.0,
        "options": {"expires": 60, "ignore_result": True},
    },
    "mail releases of marks": {
        "task": "grading.mail_releases",
        "schedule": 60.0,
        "options": {"expires": 60, "ignore_result": True},
    },
    "discard abandoned uploads": {
        "task": "portal.discard_uploads",
        "schedule": 86_400.0,
        "options": {"expires": 3_600, "ignore_result": True},
    },
    "remove old weights": {
        "task": "portal.remove_old_weights",
        "schedule": 86_400.0,
        "options": {"expires": 3_600, "ignore_result": True},
    },
    "drop files of checks": {
        "task": "portal.drop_self_check_files",
        "schedule": 3_600.0,
        "options": {"expires": 3_600, "ignore_result": True},
    },
    "collect orphans": {
        "task": "portal.collect_orphans",
        "schedule": 86_400.0,
        "options": {"expires": 3_600, "ignore_result": True},
    },
    "clear sessions": {
        "task": "portal.clear_sessions",
        "schedule": 86_400.0,
        "options": {"expires": 3_600, "ignore_result": True},
    },
}

# --- Grading -----------------------------------------------------------------

# How long a claim on a run lasts without a heartbeat, and how often one is sent.
LEASE_SECONDS: int = env.int("LEASE_SECONDS", 60, validate=Range(min=2))
HEARTBEAT_SECONDS: float = env.float("HEARTBEAT_SECONDS", LEASE_SECONDS / 4)
# How often an idle worker looks at the table, and when a wake-up is sent again for a
# queued run that nobody has claimed.
# The supervisor takes a worker that has not looked for a minute for a dead one.
POLL_SECONDS: float = env.float("POLL_SECONDS", 3.0, validate=Range(min=0, max=30))
WAKE_AGAIN_SECONDS: int = env.int("WAKE_AGAIN_SECONDS", 20)
SWEEP_SECONDS: float = env.float("SWEEP_SECONDS", 15.0)
PLATFORM_TRIES = 3
# How long a run waits after a try that failed through our fault. Each further fault
# doubles the wait, up to the longest.
RETRY_SECONDS: float = env.float("RETRY_SECONDS", 5.0, validate=Range(min=0))
LONGEST_RETRY_SECONDS = 300.0
# How many runs a course gets for each run of another course, by the course's name in
# addresses. A course that is not named has 1.
COURSE_WEIGHTS: dict[str, int] = env.dict(
    "COURSE_WEIGHTS",
    {},
    subcast_values=int,
    validate=lambda weights: all(map(Range(min=1, max=10), weights.values())),
)
WORKER_SLOTS: int = env.int("WORKER_SLOTS", 1, validate=Range(min=1, max=64))
# The pool has threads, because the runner's processes do the work and the threads wait.
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = WORKER_SLOTS
# The isolation of notebooks: our own jail; bubblewrap, started cold; or none (L0).
RUNNER_BACKEND: str = env.str(
    "RUNNER_BACKEND", "namespaces", validate=OneOf(["namespaces", "bwrap", "bare"])
)
# L0 rlimits only; L1 adds namespaces, Landlock, seccomp; L2 a cgroup; L3 cold exec.
RUNNER_MIN_LEVEL: int = env.int("RUNNER_MIN_LEVEL", 1, validate=Range(min=0, max=3))
# Name to interpreter. Empty means the interpreter that runs Softmark itself.
RUNNER_ENVIRONMENTS: dict[str, str] = env.dict("RUNNER_ENVIRONMENTS", {"default": ""})
# An environment that no run has used for this long is stopped, to free its memory.
RUNNER_IDLE_SECONDS: float = env.float("RUNNER_IDLE_SECONDS", 1800.0)

# --- Watching ----------------------------------------------------------------

# Who sends this token may read /metrics. Without one, only this machine may, and only
# while SITE_URL names this machine.
METRICS_TOKEN: str = env.str(
    "METRICS_TOKEN",
    "",
    validate=Regexp(
        r"(\S{16,})?\Z", error="must have 16 characters or more and no spaces"
    ),
)

# --- Logs --------------------------------------------------------------------

LOG_FORMAT: str = env.str("LOG_FORMAT", "text", validate=OneOf(["text", "json"]))
_shared_processors: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_shared_processors,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _shared_processors,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                shorten_values,
                structlog.processors.JSONRenderer()
                if LOG_FORMAT == "json"
                else structlog.dev.ConsoleRenderer(
                    colors=False,
                    pad_event_to=0,
                    exception_formatter=structlog.dev.plain_traceback,
                ),
            ],
        },
    },
    "filters": {
        "secrets": {"()": "portal.log_redaction.MaskSecrets"},
        "client errors": {"()": "portal.log_limits.ClientErrorsWithoutTraceback"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["secrets", "client errors"],
        }
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        # At the level INFO it says in each process where the endpoint was found.
        "botocore": {"level": "WARNING"},
        # Celery has two lines for each message, which say nothing of a run.
        "celery": {"level": "WARNING"},
    },
}
