"""People, and the tokens with which their programs sign in."""

from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Makes users by email address."""

    use_in_migrations = True

    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        """Store a user; without a password, nobody can sign in by password."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        """Store a member of the site staff with every right."""
        return self.create_user(
            email, password, **{"is_staff": True, "is_superuser": True, **fields}
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractUser):
    """A person, known by an email address. Roles belong to courses, not to people."""

    username = None  # type: ignore[assignment]
    email = models.EmailField("email address", unique=True)
    login = models.CharField(
        max_length=64,
        blank=True,
        help_text="College login, for rosters and exports. Optional.",
    )
    can_create_courses = models.BooleanField(
        "can create courses",
        default=False,
        help_text=(
            "The person can create courses on the home page, and becomes the "
            "lecturer of each."
        ),
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        ordering = ["last_name", "first_name", "email"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique_any_case"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The full name, or the address while no name is known."""
        return self.get_full_name() or self.email

    @property
    def initials(self) -> str:
        """One or two capital letters, for the avatar."""
        parts = self.get_full_name().split() or [self.email]
        letters = parts[0][:1] + (parts[-1][:1] if len(parts) > 1 else "")
        return letters.upper()

    @property
    def may_create_courses(self) -> bool:
        """Whether the person may create a course: lecturers and site staff."""
        return self.can_create_courses or self.is_superuser


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self) -> Self:
        """Return tokens neither revoked nor expired, whose owner may still sign in."""
        return self.filter(
            models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=timezone.now()),
            revoked_at__isnull=True,
            user__is_active=True,
        )


class ApiToken(models.Model):
    """A secret with which a program acts for a person, within named scopes.

    The secret itself is shown once and never stored: `digest` is its SHA-256, which is
    enough because the secret is 256 random bits.
    """

    class Scope(models.TextChoices):
        READ = "read", "Read courses, runs and marks"
        SUBMIT = "submit", "Hand in work"
        EXTEND = "extend", "Grant extensions and accommodations"
        MARK = "mark", "Mark work, and answer regrade requests"

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, help_text="What uses this token.")
    prefix = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def state(self) -> str:
        """Whether the token works, as one word: works, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        is_over = self.expires_at is not None and self.expires_at <= timezone.now()
        return "expired" if is_over else "works"
