"""Django's admin for operators, behind a second factor."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class OperatorsAdminConfig(AdminConfig):
    """The operators' pages are a site of our own: see orgsecurity.operators."""

    default_site = "orgsecurity.operators.OperatorsSite"
