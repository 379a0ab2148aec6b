"""The addresses of second factors."""

from django.urls import path

from twofactor.views import challenge, organization, profile, reset, set_up

SIGN_IN = "sign-in/two-factor/"
PROFILE = "settings/profile/two-factor/"
ORGANIZATION = "settings/organization/<str:organization_id>/"
SECURITY = f"{ORGANIZATION}security/two-factor/"

app_name = "twofactor"
urlpatterns = [
    path("sign-in/passkey/", challenge.passkey_sign_in, name="passkey_sign_in"),
    path(SIGN_IN, challenge.show, name="challenge"),
    path(f"{SIGN_IN}with/<str:method>/", challenge.show, name="challenge_with"),
    path(f"{SIGN_IN}methods/", challenge.choose, name="challenge_choose"),
    path(f"{SIGN_IN}send/", challenge.send_code, name="challenge_send"),
    path(f"{SIGN_IN}recovery-code/", challenge.recovery_code, name="recovery_code"),
    path(f"{SIGN_IN}set-up/", set_up.choose, name="set_up"),
    path(f"{SIGN_IN}set-up/app/", set_up.app, name="set_up_app"),
    path(f"{SIGN_IN}set-up/phone/", set_up.phone, name="set_up_sms"),
    path(f"{SIGN_IN}set-up/phone/code/", set_up.phone_code, name="set_up_phone_code"),
    path(f"{SIGN_IN}set-up/phone/send/", set_up.phone_send, name="set_up_phone_send"),
    path(f"{SIGN_IN}set-up/passkey/", set_up.passkey, name="set_up_passkey"),
    path(f"{SIGN_IN}set-up/skip/", set_up.skip, name="skip"),
    path(f"{SIGN_IN}recovery-codes/", set_up.codes_page, name="recovery_codes"),
    path(f"{SIGN_IN}recovery-codes/new/", set_up.new_codes, name="new_codes"),
    path(f"{SIGN_IN}recovery-codes/download/", set_up.download_codes, name="download_codes"),
    path(f"{SIGN_IN}reset/<str:token>/", reset.stop, name="stop_reset"),
    path(PROFILE, profile.home, name="profile"),
    path(f"{PROFILE}change/", profile.change, name="change"),
    path(f"{PROFILE}recovery-codes/", profile.regenerate, name="regenerate"),
    path(f"{PROFILE}backup/app/", profile.add_backup, name="add_backup"),
    path(f"{PROFILE}backup/remove/", profile.remove_backup, name="remove_backup"),
    path(f"{PROFILE}browsers/forget/", profile.forget_browsers, name="forget_browsers"),
    path(SECURITY, organization.settings, name="settings"),
    path(f"{SECURITY}require/", organization.require, name="require"),
    path(f"{SECURITY}stop/", organization.stop, name="stop"),
    path(f"{SECURITY}browsers/", organization.remember, name="remember"),
    path(f"{SECURITY}remind/", organization.remind, name="remind"),
    path(
        f"{ORGANIZATION}users/<str:membership_id>/reset-two-factor/",
        reset.ask,
        name="reset_member",
    ),
]
