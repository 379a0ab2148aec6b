"""The names that allauth's flows reverse, each at an address of ours.

Only what is used is there: an address of allauth that nobody meant to open is a way in.
"""

from allauth.account import views as allauth_views
from allauth.socialaccount import views as social_views
from django.urls import path, re_path
from django.views.generic import RedirectView

from accounts.signin import google, reset, views

urlpatterns = [
    path("accounts/login/", views.to_address_step, name="account_login"),
    path(
        "accounts/signup/",
        RedirectView.as_view(pattern_name="signin:sign_up", query_string=True),
        name="account_signup",
    ),
    path("accounts/logout/", RedirectView.as_view(pattern_name="home"), name="account_logout"),
    path("accounts/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path(
        "accounts/email/", RedirectView.as_view(pattern_name="profile:home"), name="account_email"
    ),
    path("accounts/reauthenticate/", views.to_address_step, name="account_reauthenticate"),
    path("accounts/login/code/", views.to_address_step, name="account_request_login_code"),
    path("sign-in/google/", google.google_login, name="google_login"),
    path("sign-in/google/callback/", google.google_callback, name="google_callback"),
    path(
        "sign-in/google/cancelled/",
        social_views.login_cancelled,
        name="socialaccount_login_cancelled",
    ),
    path("sign-in/google/failed/", social_views.login_error, name="socialaccount_login_error"),
    path("sign-in/google/sign-up/", social_views.signup, name="socialaccount_signup"),
    path(
        "sign-in/google/connections/",
        RedirectView.as_view(pattern_name="profile:home"),
        name="socialaccount_connections",
    ),
    path("sign-in/link/sent/", views.MagicLinkView.as_view(), name="account_confirm_login_code"),
    path(
        "sign-up/verify/", views.VerifyAddressView.as_view(), name="account_email_verification_sent"
    ),
    path("sign-in/reset/", reset.ResetView.as_view(), name="account_reset_password"),
    path(
        "sign-in/reset/sent/", allauth_views.password_reset_done, name="account_reset_password_done"
    ),
    re_path(
        r"^sign-in/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        reset.NewPasswordView.as_view(),
        name="account_reset_password_from_key",
    ),
    path(
        "sign-in/reset/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]
