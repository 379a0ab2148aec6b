"""The pages of organizations, one module a topic."""

from accounts.organizations.views.shell import accept, create, home, overview, security

__all__ = ["accept", "create", "home", "overview", "security"]
