"""The vocabulary of the audit log: ``source:subject:action``, in one enum.

The source says from where it was done: ``user`` (a person in the product), ``admin`` (an
organization's settings), ``idp`` (single sign-on), ``scim``, ``system``, ``operator``.
An event's value is kept for ever in rows: add, never rename.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.TextChoices):
    """What can happen; the label is a sentence's predicate: "Ann Lee …"."""

    # Sign-in
    SIGNED_UP = "user:account:signed_up", _("signed up")
    SIGNED_IN = "user:session:signed_in", _("signed in")
    STEPPED_UP = "user:session:stepped_up", _("proved again who they are")
    SIGN_IN_FAILED = "user:session:sign_in_failed", _("failed to sign in")
    SIGNED_OUT = "user:session:signed_out", _("signed out")
    BREAK_GLASS = "user:session:break_glass", _("signed in past the identity provider")
    SESSION_ENDED = "user:session:ended", _("ended a session")
    SESSIONS_ENDED = "user:session:all_ended", _("ended all other sessions")
    MEMBER_SESSIONS_ENDED = "admin:session:ended", _("ended a member's sessions")
    ALL_SESSIONS_ENDED = "operator:session:all_ended", _("ended everybody's sessions")
    # The account
    EMAIL_VERIFIED = "user:email:verified", _("verified an address")
    EMAIL_CHANGED = "user:email:changed", _("changed the address")
    EMAIL_CHANGE_STARTED = "user:email:change_started", _("asked to change the address")
    PASSWORD_SET = "user:password:set", _("set a password")
    PASSWORD_CHANGED = "user:password:changed", _("changed the password")
    PASSWORD_RESET = "user:password:reset", _("reset the password")
    NAME_CHANGED = "user:name:changed", _("changed the name")
    GOOGLE_CONNECTED = "user:google:connected", _("connected Google")
    GOOGLE_DISCONNECTED = "user:google:disconnected", _("disconnected Google")
    ACCOUNT_CLAIMED = "system:account:claimed", _("took over an account never verified")
    ACCOUNT_SET_BY_OPERATOR = "operator:account:changed", _("opened, closed or staffed an account")
    # Organizations and members
    ORGANIZATION_CREATED = "user:organization:created", _("created the organization")
    ORGANIZATION_ENTERED = "user:organization:entered", _("signed in")
    ORGANIZATION_RENAMED = "admin:organization:renamed", _("renamed the organization")
    PLAN_CHANGED = "operator:plan:changed", _("changed the plan")
    MEMBER_ADDED = "system:member:added", _("became a member")
    MEMBER_DEACTIVATED = "admin:member:deactivated", _("deactivated a member")
    MEMBER_REACTIVATED = "admin:member:reactivated", _("reactivated a member")
    MEMBER_REMOVED = "admin:member:removed", _("removed a member")
    MEMBER_LEFT = "user:member:left", _("left the organization")
    ROLE_CHANGED = "admin:member:role_changed", _("changed a role")
    OWNERSHIP_TRANSFERRED = "admin:member:ownership_transferred", _("transferred ownership")
    MEMBER_ADDRESS_CHANGED = "system:member:address_changed", _("got another address")
    MEMBER_NAME_CHANGED = "admin:member:name_changed", _("changed a member's name")
    INVITATION_SENT = "admin:invitation:sent", _("invited")
    INVITATION_RESENT = "admin:invitation:resent", _("sent an invitation again")
    INVITATION_ACCEPTED = "user:invitation:accepted", _("accepted an invitation")
    INVITATION_WITHDRAWN = "admin:invitation:withdrawn", _("withdrew an invitation")
    TEAM_CREATED = "admin:team:created", _("created a team")
    TEAM_RENAMED = "admin:team:renamed", _("renamed a team")
    TEAM_DELETED = "admin:team:deleted", _("deleted a team")
    TEAM_MEMBERS_CHANGED = "admin:team:members_changed", _("changed a team's members")
    PROJECT_CREATED = "admin:project:created", _("created a project")
    PROJECT_ACCESS_CHANGED = "admin:project:access_changed", _("changed access to a project")
    PROJECT_REQUESTED = "user:project:requested", _("asked for access to a project")
    PROJECT_REQUEST_DECIDED = "admin:project:request_decided", _("answered a project request")
    AUDIT_EXPORTED = "admin:audit:exported", _("exported the audit log")
    # Two-factor
    TWO_FACTOR_REQUIRED_ON = "admin:two_factor:required_on", _("turned on Require two-factor")
    TWO_FACTOR_REQUIRED_OFF = "admin:two_factor:required_off", _("turned off Require two-factor")
    TWO_FACTOR_SETTINGS_CHANGED = "admin:two_factor:settings", _("changed two-factor settings")
    TWO_FACTOR_REMINDED = "admin:two_factor:reminded", _("reminded members to set up two-factor")
    TWO_FACTOR_RESET_ASKED = "admin:two_factor:reset_asked", _("asked to reset a second factor")
    TWO_FACTOR_RESET_STOPPED = "user:two_factor:reset_stopped", _("stopped a two-factor reset")
    TWO_FACTOR_RESET = "system:two_factor:reset", _("reset a second factor")
    TWO_FACTOR_SET_UP = "user:two_factor:set_up", _("set up two-factor")
    TWO_FACTOR_CHANGE_ASKED = (
        "user:two_factor:change_asked",
        _("asked to set up or change a method"),
    )
    TWO_FACTOR_METHOD_CHANGED = "user:two_factor:method_changed", _("changed the two-factor method")
    TWO_FACTOR_BACKUP_ADDED = "user:two_factor:backup_added", _("added a backup method")
    TWO_FACTOR_BACKUP_REMOVED = "user:two_factor:backup_removed", _("removed a backup method")
    TWO_FACTOR_FAILED = "user:two_factor:failed", _("gave a wrong second factor")
    TWO_FACTOR_TEXT_SENT = "user:two_factor:text_sent", _("was sent a security code")
    RECOVERY_CODES_REGENERATED = "user:two_factor:codes_regenerated", _("made new recovery codes")
    RECOVERY_CODE_USED = "user:two_factor:code_used", _("used a recovery code")
    KEYS_ROTATED = "operator:keys:rotated", _("rotated the encryption keys")
    BROWSER_REMEMBERED = "user:two_factor:browser_remembered", _("had a browser remembered")
    BROWSERS_FORGOTTEN = "user:two_factor:browsers_forgotten", _("had all browsers forgotten")
    # Domains
    DOMAIN_CLAIMED = "admin:domain:claimed", _("claimed a domain")
    DOMAIN_VERIFIED = "system:domain:verified", _("verified a domain")
    DOMAIN_RECORD_MISSING = "system:domain:record_missing", _("missed the record of a domain")
    DOMAIN_RECOVERED = "system:domain:recovered", _("found the record of a domain again")
    DOMAIN_UNVERIFIED = "system:domain:unverified", _("unverified a domain")
    DOMAIN_REMOVED = "admin:domain:removed", _("removed a domain")
    # Single sign-on
    SSO_CHANGED = "admin:sso:changed", _("changed the identity provider")
    SSO_CERTIFICATE_ADDED = "admin:sso:certificate_added", _("added a certificate")
    SSO_CERTIFICATE_REMOVED = "admin:sso:certificate_removed", _("removed a certificate")
    SSO_CERTIFICATE_EXPIRING = "system:sso:certificate_expiring", _("told of a certificate's end")
    SSO_ENABLED = "admin:sso:enabled", _("turned on single sign-on")
    SSO_DISABLED = "admin:sso:disabled", _("turned off single sign-on")
    SSO_REQUIRED_ON = "admin:sso:required_on", _("turned on Require SSO")
    SSO_REQUIRED_OFF = "admin:sso:required_off", _("turned off Require SSO")
    SSO_MANAGED_ON = "admin:sso:managed_on", _("turned on IDP Managed Access")
    SSO_MANAGED_OFF = "admin:sso:managed_off", _("turned off IDP Managed Access")
    SSO_TESTED = "admin:sso:tested", _("tested the connection")
    SSO_PROVISIONING_CHANGED = "admin:sso:provisioning", _("changed what new members get")
    SSO_PIN_SET = "idp:member:pinned", _("was pinned to an identifier of the identity provider")
    SSO_PIN_CLEARED = "admin:sso:pin_cleared", _("cleared a person's identifier")
    SSO_TEAMS_SET = "idp:member:teams_set", _("got teams from the identity provider")
    SSO_LINK_CREATED = "admin:sso:setup_link_created", _("made a set-up link")
    SSO_LINK_REVOKED = "admin:sso:setup_link_revoked", _("revoked a set-up link")
    SSO_LINK_SUBMITTED = "user:sso:setup_link_submitted", _("sent values by a set-up link")
    SSO_LINK_DECIDED = "admin:sso:setup_link_decided", _("decided on a set-up link's values")
    SSO_KEY_MADE = "system:sso:key_made", _("made a key for signed requests")
    # SCIM
    SCIM_ON = "admin:scim:turned_on", _("turned on SCIM")
    SCIM_OFF = "admin:scim:turned_off", _("turned off SCIM")
    SCIM_TOKEN_CREATED = "admin:scim:token_created", _("generated a SCIM token")
    SCIM_TOKEN_REVOKED = "admin:scim:token_revoked", _("revoked the SCIM token")
    SCIM_MEMBER_CHANGED = "scim:member:changed", _("changed a member's profile")
    SCIM_MEMBER_REFUSED = "scim:member:refused", _("asked for a person who must be invited")
    SCIM_MASS_DEACTIVATION = "scim:member:mass_deactivation", _("deactivated many members")
    SCIM_DEACTIVATIONS_UNDONE = "admin:scim:deactivations_undone", _("undid deactivations")
    # Discoverability
    DISCOVERABILITY_ON = "admin:discoverability:on", _("let newcomers find the organization")
    DISCOVERABILITY_OFF = "admin:discoverability:off", _("made the organization invite only")
    WORK_DOMAIN_ADDED = "admin:discoverability:domain_added", _("named a work domain")
    WORK_DOMAIN_REMOVED = "admin:discoverability:domain_removed", _("dropped a work domain")
    JOINED_BY_DOMAIN = "user:member:joined_by_domain", _("joined by work domain")
    JOIN_REQUESTED = "user:join_request:sent", _("asked to join")
    JOIN_REQUEST_DECIDED = "admin:join_request:decided", _("closed a request to join")


def label_of(value: str) -> str:
    """Return the words of an event's value, or the value itself where it is no longer known."""
    try:
        return str(Event(value).label)
    except ValueError:
        return value
