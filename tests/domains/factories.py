"""Claims in any state, made without DNS."""

from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from domains.models import DomainClaim
from domains.states import State
from tests.factories import OrganizationFactory


class ClaimFactory(DjangoModelFactory[DomainClaim]):
    """A pending claim that is due; ``state="grace"`` comes with its start."""

    class Meta:
        model = DomainClaim

    organization = factory.SubFactory(OrganizationFactory)
    domain = factory.Sequence(lambda n: f"corp{n}.example")
    state = State.PENDING
    next_check_at = factory.LazyFunction(timezone.now)

    @classmethod
    def _create(cls, model_class: type[DomainClaim], *args: Any, **kwargs: Any) -> DomainClaim:
        if kwargs["state"] == State.GRACE:
            kwargs.setdefault("grace_started_at", timezone.now() - timedelta(days=1))
            kwargs.setdefault("absent_days", 1)
        claim: DomainClaim = super()._create(model_class, *args, **kwargs)
        return claim
