"""What admins enter."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organization, Team, User
from accounts.signin.password import ConfirmPasswordForm
from sso.models import Connection
from sso.saml import certificates
from sso.saml import metadata as saml_metadata
from sso.saml.identity_providers import NAMES
from sso.saml.urls import UrlRefused, check_issuer, check_sign_in_url
from sso.services.connections import MOST_MAPPINGS

LARGEST_PASTE = 64 * 1024  # characters


class _EitherFile(forms.FileField):
    """One of two ways to give the same: the form asks that one of them is used."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        return super().clean(data, initial) if data else None


class _EitherText(forms.CharField):
    """The other way; neither is optional, so neither may say so."""

    def clean(self, value: Any) -> Any:
        return super().clean(value) if value else ""


class ConnectionForm(forms.Form):
    """Issuer URL, sign-in URL, and a certificate as a file or pasted (SSO-3).

    A metadata file in the certificate's place is recognised: `metadata` then holds what it says,
    to be shown and imported.
    """

    issuer = forms.CharField(
        label=gettext_lazy("Issuer URL"),
        error_messages={
            "required": gettext_lazy("Enter the Issuer URL of your identity provider.")
        },
        max_length=1024,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    sign_in_url = forms.CharField(
        label=gettext_lazy("Identity Provider Sign-in URL"),
        help_text=gettext_lazy("Also called Authentication URL, Login URL or single sign-on URL."),
        error_messages={
            "required": gettext_lazy(
                "Enter the sign-in URL of your identity provider, with https://."
            )
        },
        max_length=1024,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}
        ),
    )
    use_required_attribute = False
    certificate = _EitherFile(
        label=gettext_lazy("SAML Certificate"),
        help_text=gettext_lazy("A .cer, .cert, .crt or .pem file (X.509), or its text below."),
        widget=forms.FileInput(attrs={"accept": ".cer,.cert,.crt,.pem,.der,.xml"}),
    )
    certificate_text = _EitherText(
        label=gettext_lazy("Or paste the certificate"),
        max_length=LARGEST_PASTE,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "mono"}),
    )

    def __init__(self, *args: Any, needs_certificate: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.needs_certificate = needs_certificate
        for name in ("certificate", "certificate_text"):
            self.fields[name].required = needs_certificate
        self.metadata: list[saml_metadata.ImportedProvider] = []
        self.upload = b""

    def clean_issuer(self) -> str:
        return _checked(check_issuer, self.cleaned_data["issuer"])

    def clean_sign_in_url(self) -> str:
        return _checked(
            check_sign_in_url, self.cleaned_data["sign_in_url"], allow_loopback=settings.DEBUG
        )

    def clean(self) -> dict[str, Any]:
        """Read the certificate, from whichever of the two fields has it."""
        data = super().clean() or self.cleaned_data
        field, content = _certificate_given(data)
        data["certificates"] = []
        if not content:
            if self.needs_certificate:
                self.add_error("certificate", _("Upload the certificate that signs."))
            return data
        try:
            data["certificates"] = certificates.read_upload(content, at=timezone.now())
        except certificates.CertificateRefused as refusal:
            if refusal.is_metadata:
                self.metadata, self.upload = _metadata_in(content), content
            self.add_error(field, refusal.sentence)
        return data


def _certificate_given(data: dict[str, Any]) -> tuple[str, bytes]:
    upload: UploadedFile[Any] | None = data.get("certificate")
    if upload:
        # A little more than the most: the reader says itself that it is too large.
        return "certificate", upload.read(saml_metadata.LARGEST_UPLOAD + 1)
    return "certificate_text", str(data.get("certificate_text", "")).encode()


def _metadata_in(content: bytes) -> list[saml_metadata.ImportedProvider]:
    try:
        return saml_metadata.read_metadata(
            content, at=timezone.now(), allow_loopback=settings.DEBUG
        )
    except saml_metadata.MetadataRefused:
        return []


class ChangeConnectionForm(ConnectionForm, ConfirmPasswordForm):
    """The same while single sign-on is on: whoever changes it then may let anybody in."""

    field_order = ("issuer", "sign_in_url", "certificate", "certificate_text", "password")


class CertificateForm(forms.Form):
    """One more certificate, beside those that are there."""

    certificate = forms.FileField(
        label=gettext_lazy("SAML Certificate"),
        help_text=gettext_lazy("A .cer, .cert, .crt or .pem file (X.509)."),
        widget=forms.FileInput(attrs={"accept": ".cer,.cert,.crt,.pem,.der"}),
    )

    def clean_certificate(self) -> list[certificates.PinnedCertificate]:
        content = self.cleaned_data["certificate"].read(certificates.LARGEST_UPLOAD + 1)
        try:
            return certificates.read_upload(content, at=timezone.now())
        except certificates.CertificateRefused as refusal:
            raise ValidationError(refusal.sentence) from None


class AddCertificateForm(CertificateForm, ConfirmPasswordForm):
    """A certificate decides who can sign anybody in: the password is asked."""

    field_order = ("certificate", "password")


class RemoveCertificateForm(ConfirmPasswordForm):
    """Remove a certificate, although it is the last one if that is confirmed."""

    although_last = forms.BooleanField(
        label=gettext_lazy("Nobody will be able to sign in by single sign-on. Remove it anyway."),
        required=False,
    )


class MetadataForm(forms.Form):
    """A metadata file, which fills all three fields; never a URL."""

    metadata = forms.FileField(
        label=gettext_lazy("Metadata file"),
        help_text=gettext_lazy("The XML file that your identity provider offers for download."),
        widget=forms.FileInput(attrs={"accept": ".xml,application/samlmetadata+xml,text/xml"}),
    )

    def clean_metadata(self) -> list[saml_metadata.ImportedProvider]:
        content = self.cleaned_data["metadata"].read(saml_metadata.LARGEST_UPLOAD + 1)
        try:
            return saml_metadata.read_metadata(
                content, at=timezone.now(), allow_loopback=settings.DEBUG
            )
        except saml_metadata.MetadataRefused as refusal:
            raise ValidationError(refusal.sentence) from None


class ImportForm(ConfirmPasswordForm):
    """What a metadata file said, shown and now confirmed; judged again like typed values."""

    issuer = forms.CharField(max_length=1024, widget=forms.HiddenInput)
    sign_in_url = forms.CharField(max_length=1024, widget=forms.HiddenInput)
    binding = forms.ChoiceField(choices=Connection.Binding.choices, widget=forms.HiddenInput)
    pems = forms.CharField(max_length=LARGEST_PASTE, widget=forms.HiddenInput)

    @classmethod
    def of(cls, provider: saml_metadata.ImportedProvider, user: User) -> ImportForm:
        """The form that saves what this provider's metadata says."""
        pems = "".join(certificate.pem for certificate in provider.certificates)
        values = {"issuer": provider.issuer, "sign_in_url": provider.sign_in_url}
        return cls(user=user, initial={**values, "binding": provider.binding, "pems": pems})

    def clean_pems(self) -> list[certificates.PinnedCertificate]:
        try:
            return certificates.read_upload(self.cleaned_data["pems"].encode(), at=timezone.now())
        except certificates.CertificateRefused as refusal:
            raise ValidationError(refusal.sentence) from None


class OptionsForm(forms.Form):
    """Whose words are shown, and whether requests are signed."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Identity provider"),
        required=False,
        choices=[
            ("", gettext_lazy("Recognise by its URLs")),
            *((k.value, n) for k, n in NAMES.items()),
        ],
        help_text=gettext_lazy("Guides and reports use its own field names."),
    )
    sign_requests = forms.BooleanField(
        label=gettext_lazy("Sign requests"),
        required=False,
        help_text=gettext_lazy(
            "Only if your identity provider demands it. Its certificate is in our metadata."
        ),
    )


class ProvisioningForm(forms.Form):
    """The team of newcomers, and which values of an attribute mean which teams."""

    default_team = forms.ModelChoiceField(
        label=gettext_lazy("Team of new members"),
        queryset=Team.objects.none(),
        required=False,
        empty_label=gettext_lazy("None"),
        to_field_name="public_id",
    )
    groups_attribute = forms.CharField(
        label=gettext_lazy("Attribute with groups"),
        required=False,
        max_length=255,
        help_text=gettext_lazy("Empty: teams are not changed by sign-ins. Roles never are."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    mappings = forms.CharField(
        label=gettext_lazy("Values and teams"),
        required=False,
        max_length=40_000,
        help_text=gettext_lazy("One a line: value = Team name."),
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "mono"}),
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = Team.objects.filter(organization=organization).order_by("name")
        self.fields["default_team"].queryset = self.teams  # type: ignore[attr-defined]

    def clean_mappings(self) -> list[tuple[str, Team]]:
        """Each line's value and team; a sentence for a line that is neither."""
        by_name = {team.name.lower(): team for team in self.teams}
        found = []
        for line in self.cleaned_data["mappings"].splitlines():
            if not line.strip():
                continue
            value, sign, name = (part.strip() for part in line.rpartition("="))
            team = by_name.get(name.lower())
            if not sign or not value or len(value) > 255:
                raise ValidationError(_("“%(line)s” is not: value = Team name.") % {"line": line})
            if team is None:
                raise ValidationError(_("There is no team “%(name)s” here.") % {"name": name})
            found.append((value, team))
        if len(found) > MOST_MAPPINGS:
            raise ValidationError(_("At most 100 values can be mapped."))
        return found


class SetUpLinkForm(forms.Form):
    """Whom a set-up link is for."""

    name = forms.CharField(
        label=gettext_lazy("For whom"),
        max_length=100,
        help_text=gettext_lazy("A name for the audit log: “Jon in IT”."),
    )


class ProposedValuesForm(ConnectionForm):
    """What the customer's IT admin sends by a set-up link."""


class ProposedDomainForm(forms.Form):
    """A domain that the customer's IT admin wants claimed."""

    domain = forms.CharField(
        label=gettext_lazy("Domain"),
        max_length=253,
        help_text=gettext_lazy("Like acme.com, without https:// or @."),
    )


def initial_of(connection: Connection | None) -> dict[str, str]:
    if connection is None:
        return {}
    return {"issuer": connection.issuer, "sign_in_url": connection.sign_in_url}


def _checked(check: Any, value: str, **options: Any) -> str:
    try:
        checked: str = check(value, **options)
    except UrlRefused as refusal:
        raise ValidationError(refusal.sentence) from None
    return checked
