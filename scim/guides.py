"""What each provider's screen asks for, in its own field names."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the provider's screen; `value` names what goes in: base_url, token, or words."""

    label: str
    value: str
    hint: Words = ""


@dataclass(frozen=True, slots=True)
class Guide:
    """The set-up at one provider."""

    key: str
    name: str
    where: Words
    fields: tuple[Field, ...]
    steps: tuple[Words, ...]
    notes: tuple[Words, ...] = ()


_OKTA = Guide(
    "okta",
    "Okta",
    _("Applications → your app → Provisioning → Configure API Integration"),
    (
        Field("SCIM connector base URL", "base_url"),
        Field("Unique identifier field for users", "userName"),
        Field("Authentication Mode", "HTTP Header"),
        Field("Authorization: Bearer", "token"),
    ),
    (
        _("Tick Enable API integration, enter the values, and press Test API Credentials."),
        _("Under To App, tick Create Users, Update User Attributes and Deactivate Users."),
        _("Set Application username format to Email: the address must be of a verified domain."),
        _("Assign people or groups under Assignments; push groups under Push Groups."),
    ),
    (_("Okta deactivates people when they are unassigned; it never deletes them."),),
)
_ENTRA = Guide(
    "entra",
    "Entra ID",
    _("Enterprise applications → your app → Provisioning → Connect your application"),
    (
        Field("Tenant URL", "base_url"),
        Field("Secret Token", "token"),
    ),
    (
        _("Choose Provisioning Mode Automatic, enter both values, and press Test Connection."),
        _("Under Mappings, map userPrincipalName (or mail) to userName: an address of a verified "
          "domain."),
        _("Map objectId to externalId, and leave Switch([IsSoftDeleted]…) mapped to active."),
        _("Assign users and groups, then press Start provisioning; a cycle takes 40 minutes."),
    ),
    (_("Guests (#EXT#) are left out, unless their domain is claimed."),),
)  # fmt: skip
_ONELOGIN = Guide(
    "onelogin",
    "OneLogin",
    _("Applications → SCIM Provisioner with SAML (SCIM v2 Enterprise) → Configuration"),
    (
        Field("SCIM Base URL", "base_url"),
        Field("SCIM Bearer Token", "token"),
        Field("Custom Headers", "Content-Type: application/json", _("Leave it as it is.")),
    ),
    (
        _("Press Enable under API Status."),
        _("Under Provisioning, tick Enable provisioning, and choose Suspend or Delete for people "
          "who lose access."),
        _("Under Parameters, set SCIM Username to Email."),
    ),
)  # fmt: skip
_JUMPCLOUD = Guide(
    "jumpcloud",
    "JumpCloud",
    _("SSO Applications → your app → Identity Management"),
    (
        Field("Base URL", "base_url"),
        Field("Token Key", "token"),
        Field("Test User Email", "", _("An address of a verified domain that nobody has yet: "
                                       "JumpCloud creates it and takes it away again.")),
    ),
    (
        _("Choose SCIM 2.0, enter the values, and press Test Connection, then Activate."),
        _("Turn on group management if your teams should follow JumpCloud's groups."),
    ),
)  # fmt: skip
_OTHER = Guide(
    "other",
    "Another provider",
    _("Its SCIM 2.0 or provisioning settings"),
    (
        Field("Base URL", "base_url"),
        Field("Bearer token", "token"),
        Field("userName", "", _("The person's address, of a verified domain.")),
    ),
    (
        _("Required: userName. Understood besides: name, displayName, emails, active, the "
          "enterprise extension, groups with members."),
        _("PATCH, filters, sorting, paging and ETags are supported; Bulk is not."),
    ),
)  # fmt: skip

GUIDES = {guide.key: guide for guide in (_OKTA, _ENTRA, _ONELOGIN, _JUMPCLOUD, _OTHER)}
