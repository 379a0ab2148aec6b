"""The demo's people and organizations, as `/` describes them: made once, then left alone."""

import logging

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Membership, Plan, Project, Role, User
from accounts.organizations.members import add_member, create_organization
from accounts.policy import change
from accounts.signin.accounts import new_account
from domains import services as domains
from domains.models import DomainClaim
from orgsecurity.development.demo import ACCOUNTS, PASSWORD
from orgsecurity.development.loopback import OPENER, PATIENCE, ask
from sso.saml.certificates import read_upload
from sso.services.connections import add_certificates, set_values

MIA, LEA = "mia@acme-demo.example", "lea@bright-demo.example"
DOMAIN = "acme-demo.example"
ACTOR = Actor.system("demo")
log = logging.getLogger(__name__)


def put_demo() -> None:
    """Make the demo where it is missing; a stand-in that does not answer is asked next time."""
    put_people()
    try:
        connect_acme()
    except Exception:
        # A demo never stands in the way of a start.
        log.exception("Acme of the demo was not connected; the next start tries again.")


@transaction.atomic
def put_people() -> None:
    """Make Acme, an enterprise, and Bright, which has no single sign-on."""
    if User.objects.with_address(MIA):
        return  # whoever tries the demo may have changed anything since
    people = {address: name for address, name, _role in ACCOUNTS}
    mia, lea = (_account(address, people[address]) for address in (MIA, LEA))
    acme = create_organization("Acme", owner=mia, actor=ACTOR, plan=Plan.ENTERPRISE)
    bright = create_organization("Bright", owner=mia, actor=ACTOR, plan=Plan.GROWTH)
    add_member(bright, lea, role=Role.MEMBER, source=Membership.Source.INVITATION, actor=ACTOR)
    for organization in (acme, bright):
        Project.objects.create(organization=organization, name="Website", all_users=True)


def connect_acme() -> None:
    """Verify Acme's domain and connect the identity provider of the demo, once.

    The claim tells whether it was done: somebody who dropped the connection since meant it.
    """
    founder = Membership.objects.filter(user__email=MIA, organization__name="Acme").first()
    if founder is None or DomainClaim.objects.filter(domain=DOMAIN).exists():
        return
    acme = founder.organization
    with OPENER.open(f"{settings.DEMO_IDP_URL}/certificate.pem", timeout=PATIENCE) as answer:
        certificates = read_upload(answer.read(), at=timezone.now())
    with transaction.atomic():
        claim = domains.claim(acme, DOMAIN, actor=ACTOR)
        domains.vouch(claim, actor=ACTOR)
        # The sweep looks for it from now on.
        record = {"name": DOMAIN, "type": "TXT", "value": claim.txt_value}
        ask("POST", f"{settings.NAME_SERVER_CONTROL_URL}/records", record)
        connection = set_values(
            acme,
            issuer=f"{settings.DEMO_IDP_URL}/metadata",
            sign_in_url=f"{settings.DEMO_IDP_URL}/sso",
            actor=ACTOR,
        )
        add_certificates(connection, certificates, actor=ACTOR)
        change(acme, actor=ACTOR, sso_enabled=True, idp_managed_access=True)


def _account(address: str, name: str) -> User:
    first_name, _, last_name = name.partition(" ")
    user = new_account(address, first_name=first_name, last_name=last_name, verified=True)
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user
