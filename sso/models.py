"""Connections, their certificates, and what passes through them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.encryption import EncryptedTextField
from accounts.models import Organization, Team
from accounts.models.fields import public_id_field
from sso.saml import certificates as saml_certificates
from sso.saml.checks import Connection as JudgedConnection
from sso.saml.identity_providers import NAMES, Kind, recognise


class ConnectionQuerySet(models.QuerySet["Connection"]):
    """Questions about connections."""

    def enabled(self) -> Self:
        """Those that sign people in."""
        return self.filter(organization__policy__sso_enabled=True)


class Connection(models.Model):
    """An organization's identity provider: at most one, whether single sign-on is on or not."""

    class Binding(models.TextChoices):
        """How a request reaches the identity provider."""

        REDIRECT = "redirect", _("Redirect")
        POST = "post", _("POST")

    public_id = public_id_field("conn")
    organization = models.OneToOneField(
        Organization, on_delete=models.CASCADE, related_name="connection"
    )
    # Not unique: anybody can enter anybody's issuer, and must neither block nor learn of it.
    issuer = models.CharField(_("Issuer URL"), max_length=1024, db_index=True)
    sign_in_url = models.CharField(_("Identity Provider Sign-in URL"), max_length=1024)
    binding = models.CharField(max_length=10, choices=Binding.choices, default=Binding.REDIRECT)
    kind = models.CharField(
        max_length=20, blank=True, help_text=_("The chosen guide; empty: recognised by the URLs.")
    )
    sign_requests = models.BooleanField(
        default=False, help_text=_("Requests are signed with the service provider's own key.")
    )
    default_team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    groups_attribute = models.CharField(
        max_length=255,
        blank=True,
        help_text=_("The attribute that is mapped to teams; off if empty."),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(
        default=timezone.now, help_text=_("Its version: what is kept in memory is kept under it.")
    )
    test_passed_at = models.DateTimeField(null=True, blank=True)
    first_sign_in_at = models.DateTimeField(null=True, blank=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(issuer=""), name="connection_has_an_issuer"),
            models.CheckConstraint(condition=~Q(sign_in_url=""), name="connection_has_a_url"),
        ]

    def __str__(self) -> str:
        return self.issuer

    @property
    def provider(self) -> Kind:
        """The identity provider whose words its admin reads."""
        return Kind(self.kind) if self.kind in NAMES else recognise(self.issuer, self.sign_in_url)

    @property
    def provider_name(self) -> str:
        return str(NAMES[self.provider]) if self.provider is not Kind.OTHER else ""

    @cached_property
    def pinned(self) -> tuple[Certificate, ...]:
        """Its certificates, the last used one first: that is most likely the next one, too."""
        return last_used_first(self.certificates.all())

    def as_judged(self) -> JudgedConnection:
        """The connection as the checks see it."""
        return JudgedConnection(
            public_id=self.public_id,
            version=self.changed_at.isoformat(),
            issuer=self.issuer,
            sign_in_url=self.sign_in_url,
            certificates=tuple(certificate.as_pinned() for certificate in self.pinned),
        )


def last_used_first(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    never = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(certificates, key=lambda c: c.last_used_at or never, reverse=True))


class Certificate(models.Model):
    """A pinned signing certificate; an expired one stays listed and verifies nothing."""

    public_id = public_id_field("crt")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="certificates"
    )
    pem = models.TextField()
    fingerprint = models.CharField(max_length=64, help_text=_("SHA-256 over the DER, hex."))
    subject = models.CharField(max_length=255, blank=True)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True)
    reminded_days = models.SmallIntegerField(
        null=True, blank=True, help_text=_("The last of 60, 30, 14, 7, 1, 0 that was mailed.")
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "fingerprint"], name="certificate_once_a_connection"
            ),
        ]
        ordering: ClassVar = ["not_after", "id"]

    def __str__(self) -> str:
        return self.short_fingerprint

    def as_pinned(self) -> saml_certificates.PinnedCertificate:
        return saml_certificates.PinnedCertificate(
            self.pem, self.fingerprint, self.subject, self.not_before, self.not_after
        )

    @property
    def short_fingerprint(self) -> str:
        return saml_certificates.shorten(self.fingerprint[:16])

    @property
    def is_usable(self) -> bool:
        return self.not_before <= timezone.now() <= self.not_after

    @property
    def days_left(self) -> int:
        return saml_certificates.days_left(self.not_after, at=timezone.now())

    @property
    def tone(self) -> str:
        """How its end is coloured."""
        if self.days_left > 30:
            return "good"
        return "warn" if self.is_usable else "bad"

    @property
    def state(self) -> str:
        """Its dates in words: what a certificate that is over can't do is said."""
        if not self.is_usable:
            return str(_("Expired: verifies nothing"))
        return saml_certificates.expiry_words(self.days_left)


class TeamMapping(models.Model):
    """Who has this value in the connection's groups attribute is in this team."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="team_mappings"
    )
    value = models.CharField(max_length=255)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "value", "team"], name="team_mapping_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value} in {self.team_id}"


class SsoRequest(models.Model):
    """An AuthnRequest that we sent: alive for ten minutes, answered once."""

    LIFETIME: ClassVar = timedelta(minutes=10)

    saml_id = models.CharField(max_length=64, unique=True)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    relay_state = models.CharField(max_length=64, unique=True)
    nonce_hash = models.CharField(max_length=64, help_text=_("Of the session that asked."))
    next_path = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    used_at = models.DateTimeField(null=True, blank=True)
    test = models.BooleanField(default=False, help_text=_("Ends in a report, never in a session."))

    class Meta:
        indexes: ClassVar = [models.Index(fields=["created_at"], name="sso_request_by_age")]

    def __str__(self) -> str:
        return self.saml_id

    @property
    def is_over(self) -> bool:
        return timezone.now() >= self.created_at + self.LIFETIME


class UsedAssertion(models.Model):
    """An assertion that was accepted: its second use meets this constraint."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    assertion_id = models.CharField(max_length=256)
    used_at = models.DateTimeField(default=timezone.now)
    ip = models.GenericIPAddressField(null=True, blank=True)
    expires_at = models.DateTimeField(db_index=True, help_text=_("From then on it can't be valid."))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "assertion_id"], name="assertion_used_once"
            ),
        ]

    def __str__(self) -> str:
        return self.assertion_id


class Link(models.Model):
    """A persistent NameID pinned to a person; another one for the same address is refused."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="links")
    name_id = models.CharField(max_length=1024)
    name_id_format = models.CharField(max_length=255)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sso_links"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "name_id_format", "name_id"], name="link_name_id_once"
            ),
            models.UniqueConstraint(fields=["connection", "user"], name="link_user_once"),
        ]

    def __str__(self) -> str:
        return self.name_id


def new_reference() -> str:
    """A reference that can be read over the telephone: R-7F3K-92QX."""
    letters = public_id_field("r").get_default()[2:10].upper()
    return f"R-{letters[:4]}-{letters[4:]}"


class LogEntryQuerySet(models.QuerySet["LogEntry"]):
    """Questions about the log."""

    def search(self, text: str) -> LogEntryQuerySet:
        """Entries with this reference, address or code."""
        text = text.strip()
        return self.filter(
            Q(reference__iexact=text) | Q(address__icontains=text) | Q(code__iexact=text)
        )


class LogEntry(models.Model):
    """One answer of an identity provider and what became of it (SSO-11)."""

    class Outcome(models.TextChoices):
        """What became of it."""

        ACCEPTED = "accepted", _("Signed in")
        REFUSED = "refused", _("Refused")
        TEST = "test", _("Test")

    class Flow(models.TextChoices):
        """Who began."""

        SERVICE_PROVIDER = "sp", _("Started here")
        IDENTITY_PROVIDER = "idp", _("Started at the identity provider")
        UNKNOWN = "", _("Unknown")

    reference = models.CharField(max_length=20, unique=True, default=new_reference, editable=False)
    # Null: no organization can be named; operators read it.
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.CASCADE, related_name="sso_log"
    )
    at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    code = models.CharField(max_length=40, blank=True)
    values = models.JSONField(default=dict, blank=True)
    findings = models.JSONField(default=list, blank=True, help_text=_("Of a test: every check."))
    address = models.CharField(max_length=254, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    flow = models.CharField(max_length=3, choices=Flow.choices, blank=True)
    certificate = models.CharField(max_length=64, blank=True)
    issuer = models.CharField(max_length=1024, blank=True)
    assertion_id = models.CharField(max_length=256, blank=True)
    request_id = models.CharField(max_length=256, blank=True)
    name_id = models.CharField(max_length=1024, blank=True)
    attributes = models.JSONField(
        default=dict, blank=True, help_text=_("Names; of a test values, too.")
    )
    xml = models.TextField(blank=True, help_text=_("Of refusals and tests, for seven days."))

    objects = LogEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "log entries"
        indexes: ClassVar = [
            models.Index(fields=["organization", "-id"], name="sso_log_by_organization"),
            models.Index(fields=["at"], name="sso_log_by_age"),
        ]

    def __str__(self) -> str:
        return self.reference


class HandOver(models.Model):
    """A person on the way from the SSO host to the main host, for one minute (S19)."""

    LIFETIME: ClassVar = timedelta(seconds=60)

    code_hash = models.CharField(max_length=64, unique=True)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    connection = models.CharField(max_length=40, help_text=_("Public id."))
    reference = models.CharField(max_length=20)
    nonce_hash = models.CharField(
        max_length=64, blank=True, help_text=_("Of the browser that asked; empty: IdP-initiated.")
    )
    next_path = models.CharField(max_length=500, blank=True)
    session_until = models.DateTimeField(null=True, blank=True)
    session_index = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["created_at"], name="hand_over_by_age")]

    def __str__(self) -> str:
        return self.reference


class RequestKey(models.Model):
    """Our key for signed requests; the older ones stay in the metadata for a while."""

    private_key = EncryptedTextField()
    certificate = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        get_latest_by = "created_at"

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d}"


class SetUpLink(models.Model):
    """A link for the customer's IT admin, who has no account here (SSO-13)."""

    LIFETIME: ClassVar = timedelta(days=7)

    public_id = public_id_field("sul")
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="set_up_links"
    )
    name = models.CharField(_("For whom"), max_length=100)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and timezone.now() < self.expires_at


class Proposal(models.Model):
    """What came in by a set-up link; nothing of it counts until an admin says yes (O1)."""

    class Decision(models.TextChoices):
        """What the admin said."""

        OPEN = "", _("Waiting for an admin")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")

    public_id = public_id_field("prp")
    link = models.ForeignKey(SetUpLink, on_delete=models.CASCADE, related_name="proposals")
    issuer = models.CharField(max_length=1024, blank=True)
    sign_in_url = models.CharField(max_length=1024, blank=True)
    binding = models.CharField(max_length=10, blank=True)
    certificates = models.JSONField(default=list, help_text=_("PEM."))
    domain = models.CharField(max_length=253, blank=True, help_text=_("To be claimed."))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    decision = models.CharField(max_length=10, choices=Decision.choices, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    def __str__(self) -> str:
        return self.issuer or self.domain


def as_json(value: Any) -> Any:
    """A value of a refusal as JSON can hold it."""
    return value if isinstance(value, int | str) else str(value)
