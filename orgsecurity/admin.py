"""Django's admin for operators, behind a second factor."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class OperatorsAdminConfig(AdminConfig):
    """Opens only to staff whose session holds a verified django-otp device."""

    default_site = "django_otp.admin.OTPAdminSite"
