"""People."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.fields import EPOCH, public_id_field


class UserManager(BaseUserManager["User"]):
    """Creates people; addresses are looked up without regard to case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a person; without a password, none can be used until one is set."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an operator of this installation."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the person with the address ``username``, in any case."""
        return self.annotate(lower_email=Lower("email")).get(lower_email=(username or "").lower())

    def with_address(self, address: str) -> User | None:
        """Return the person whose sign-in address this is, or None."""
        # upper() = upper() would miss the unique index on lower(email).
        return self.annotate(lower_email=Lower("email")).filter(lower_email=address.lower()).first()


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]  # django_otp has no stubs
    """A person. What they may open is decided by memberships and evidence, never by this row."""

    public_id = public_id_field("usr")
    email = models.EmailField(_("email address"), max_length=254)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(
        default=False, help_text=_("May open the operators' pages, behind a second factor.")
    )
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    sessions_valid_from = models.DateTimeField(
        default=EPOCH, help_text=_("Evidence given before this instant counts no more.")
    )
    first_session_used_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("When the one sign-in without two-factor set-up was used up (TFA-4)."),
    )
    two_factor_set_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=_("Since when a second factor is set; kept by twofactor with its devices."),
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="user_address_once"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def display_name(self) -> str:
        """The person's name, or the address where no name is known."""
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_full_name(self) -> str:
        """Return the name that Django's own pages show."""
        return self.display_name

    @property
    def has_second_factor(self) -> bool:
        """Whether a sign-in of this person asks for a second factor."""
        return self.two_factor_set_at is not None

    @property
    def has_verified_email(self) -> bool:
        """Whether the person has proven to read mail at the sign-in address."""
        from allauth.account.models import EmailAddress  # noqa: PLC0415  # it needs this model first

        addresses = EmailAddress.objects.filter(user=self, verified=True)
        return bool(addresses.filter(email__iexact=self.email).exists())
