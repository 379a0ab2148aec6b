"""The demo's people and organizations, as `/` describes them: made once, then left alone."""

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Membership, Plan, Project, Role, User
from accounts.organizations.members import add_member, create_organization
from accounts.signin.accounts import new_account
from orgsecurity.development.demo import ACCOUNTS, PASSWORD

MIA, LEA = "mia@acme-demo.example", "lea@bright-demo.example"


@transaction.atomic
def put_demo() -> None:
    """Make Acme, ready for single sign-on, and Bright, which has none."""
    if User.objects.with_address(MIA):
        return  # whoever tries the demo may have changed anything since
    actor = Actor.system("demo")
    people = {address: name for address, name, _role in ACCOUNTS}
    mia, lea = (_account(address, people[address]) for address in (MIA, LEA))
    acme = create_organization("Acme", owner=mia, actor=actor, plan=Plan.ENTERPRISE)
    bright = create_organization("Bright", owner=mia, actor=actor, plan=Plan.GROWTH)
    add_member(bright, lea, role=Role.MEMBER, source=Membership.Source.INVITATION, actor=actor)
    for organization in (acme, bright):
        Project.objects.create(organization=organization, name="Website", all_users=True)


def _account(address: str, name: str) -> User:
    first_name, _, last_name = name.partition(" ")
    user = new_account(address, first_name=first_name, last_name=last_name, verified=True)
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user
