"""The tables are what the models say."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import Membership, Role
from tests.factories import MembershipFactory


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_holds_people_is_brought_up_to_date():
    """The guard of the last owner waits for the end of the transaction: no index is made then."""
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    person = MembershipFactory(user__email="zoe@corp.example", role=Role.OWNER)

    try:
        MigrationExecutor(connection).migrate([("accounts", "0003_members_with_a_role")])
    finally:
        MigrationExecutor(connection).migrate(newest)

    assert "zoe@corp.example" in Membership.objects.get(pk=person.pk).words
