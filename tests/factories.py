"""Factories: the least that a test needs, in one call."""

from __future__ import annotations

import datetime
from typing import Any

import factory
from allauth.account.models import EmailAddress
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import (
    Invitation,
    Membership,
    Organization,
    Plan,
    Project,
    ProjectAccessRequest,
    Role,
    SecurityPolicy,
    Team,
    User,
)

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory[User]):
    """A person with a verified address; ``password=None`` for one without, ``verified=False``."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@corp.example")
    first_name = "Pat"
    last_name = factory.Sequence(lambda n: f"Person{n}")

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        verified = kwargs.pop("verified", True)
        user = User.objects.create_user(
            kwargs.pop("email"), kwargs.pop("password", PASSWORD), **kwargs
        )
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=verified)
        return user


class OrganizationFactory(DjangoModelFactory[Organization]):
    """An organization with its policy; no members: ask MembershipFactory."""

    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Organization {n}")

    @classmethod
    def _create(cls, model_class: type[Organization], *args: Any, **kwargs: Any) -> Organization:
        plan = kwargs.pop("plan", Plan.ENTERPRISE)
        policy = kwargs.pop("policy", {})
        organization = Organization.objects.create(**kwargs)
        organization.policy = SecurityPolicy.objects.create(
            organization=organization, plan=plan, **policy
        )
        return organization


class MembershipFactory(DjangoModelFactory[Membership]):
    """A member; ``user__email=…`` and the like go to the person."""

    class Meta:
        model = Membership

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.MEMBER
    source = Membership.Source.INVITATION


class TeamFactory(DjangoModelFactory[Team]):
    """A team without members."""

    class Meta:
        model = Team

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Team {n}")


class ProjectFactory(DjangoModelFactory[Project]):
    """A project nobody has access to."""

    class Meta:
        model = Project

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Project {n}")


class ProjectAccessRequestFactory(DjangoModelFactory[ProjectAccessRequest]):
    """Somebody, of no organization, who asks for access to a project."""

    class Meta:
        model = ProjectAccessRequest

    project = factory.SubFactory(ProjectFactory)
    user = factory.SubFactory(UserFactory)


class InvitationFactory(DjangoModelFactory[Invitation]):
    """A live invitation, whose token is nobody's: to click a link, call invite()."""

    class Meta:
        model = Invitation

    organization = factory.SubFactory(OrganizationFactory)
    email = factory.Sequence(lambda n: f"guest{n}@corp.example")
    token_hash = factory.Sequence(lambda n: f"{n:064d}")
    expires_at = factory.LazyFunction(lambda: timezone.now() + datetime.timedelta(days=7))
