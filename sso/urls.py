"""The addresses of single sign-on: the contract URLs, and the pages of admins."""

from django.urls import path

from sso.views import guides, people, protocol, report, settings, setup_links

app_name = "sso"
HERE = "settings/organization/<str:organization_id>/security/sso/"
MANAGED = "settings/organization/<str:organization_id>/security/idp-managed/"
urlpatterns = [
    path("security/sso/v2/authorize/", protocol.postback, name="postback"),
    path("sso/saml2", protocol.reply, name="reply"),
    path("sso/metadata", protocol.metadata, name="metadata"),
    path("sso/hand-over/", protocol.hand_over, name="hand_over"),
    path("sso/continue/", protocol.go_on, name="go_on"),
    path(HERE, settings.settings, name="settings"),
    path(f"{HERE}connection/", settings.connection, name="connection"),
    path(f"{HERE}import/", settings.import_metadata, name="import"),
    path(f"{HERE}options/", settings.options, name="options"),
    path(f"{HERE}certificates/add/", settings.add_certificate, name="add_certificate"),
    path(
        f"{HERE}certificates/<str:certificate_id>/remove/",
        settings.remove_certificate,
        name="remove_certificate",
    ),
    path(f"{HERE}switch/", settings.switch, name="switch"),
    path(f"{HERE}require/", settings.require, name="require"),
    path(f"{HERE}test/", report.test, name="test"),
    path(f"{HERE}log/", report.log, name="log"),
    path(f"{HERE}log/<str:reference>/", report.report, name="report"),
    path(f"{HERE}log/<str:reference>/xml/", report.download, name="download"),
    path(f"{HERE}guides/<str:kind>/", guides.guide, name="guide"),
    path(f"{HERE}teams/", people.provisioning, name="provisioning"),
    path(f"{HERE}pins/", people.pins, name="pins"),
    path(f"{HERE}pins/<int:pin_id>/clear/", people.clear_pin, name="clear_pin"),
    path(f"{HERE}drill/", people.drill, name="drill"),
    path(f"{HERE}links/", setup_links.links, name="set_up_links"),
    path(
        f"{HERE}links/<str:set_up_link_id>/revoke/", setup_links.revoke, name="revoke_set_up_link"
    ),
    path(f"{HERE}proposals/<str:proposal_id>/", setup_links.decide, name="decide"),
    path("set-up/<str:token>/", setup_links.set_up, name="set_up"),
    path(MANAGED, settings.managed, name="managed"),
    path(f"{MANAGED}switch/", settings.switch_managed, name="switch_managed"),
]
