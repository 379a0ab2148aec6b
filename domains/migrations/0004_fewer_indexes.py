import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Three indexes that each look at DNS wrote to and nobody read.

    Nobody asks for tokens or public ids by their beginning (Django's "_like"), and check_by_claim
    finds the looks of a claim.
    """

    dependencies = [("domains", "0003_room_for_leases")]

    operations = [
        migrations.RunSQL(
            "DROP INDEX IF EXISTS domains_domainclaim_public_id_877c82ba_like",
            "CREATE INDEX domains_domainclaim_public_id_877c82ba_like"
            " ON domains_domainclaim (public_id varchar_pattern_ops)",
        ),
        migrations.RunSQL(
            "DROP INDEX IF EXISTS domains_domainclaim_token_cbf44837_like",
            "CREATE INDEX domains_domainclaim_token_cbf44837_like"
            " ON domains_domainclaim (token varchar_pattern_ops)",
        ),
        migrations.AlterField(
            model_name="domaincheck",
            name="claim",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="checks",
                to="domains.domainclaim",
            ),
        ),
    ]
