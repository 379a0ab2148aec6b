"""A user and a group with its mixins."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.models import (  # type: ignore[import-not-found]  # in a folder of its own
    AbstractSCIMGroupMixin,
    AbstractSCIMUserMixin,
)


class Group(AbstractSCIMGroupMixin):
    """A group with a name."""

    name = models.CharField(max_length=200, unique=True)


class User(AbstractSCIMUserMixin, AbstractUser):
    """Django's own user, known to SCIM."""

    scim_groups = models.ManyToManyField(Group, related_name="user_set")
