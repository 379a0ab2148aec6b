"""The ground floor's tables; they stay together because they share constraints."""

from accounts.models.audit import AuditEvent
from accounts.models.invitation import Invitation
from accounts.models.limits import Counter
from accounts.models.membership import Membership, Role, Team, TeamMembership
from accounts.models.organization import Organization
from accounts.models.policy import Discoverability, Plan, SecurityPolicy
from accounts.models.project import Project, ProjectAccess, ProjectAccessRequest
from accounts.models.user import User

__all__ = [
    "AuditEvent",
    "Counter",
    "Discoverability",
    "Invitation",
    "Membership",
    "Organization",
    "Plan",
    "Project",
    "ProjectAccess",
    "ProjectAccessRequest",
    "Role",
    "SecurityPolicy",
    "Team",
    "TeamMembership",
    "User",
]
