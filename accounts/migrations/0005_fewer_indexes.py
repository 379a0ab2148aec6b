"""Indexes that no question uses, and that every new member pays for.

Django puts one more beside each unique text, for LIKE 'a%': nobody asks for ids that begin so, and
an entry at a random place is a page more that each commit writes to the disk. What begins with an
organization is found by membership_once.
"""

import django.db.models.deletion
from django.db import migrations, models

TABLES = {
    "accounts_user": "accounts_user_public_id_a3014eda_like",
    "accounts_membership": "accounts_membership_public_id_7289f491_like",
    "accounts_auditevent": "accounts_auditevent_public_id_904a2fe8_like",
}


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_members_found_by_words")]

    operations = [
        *(
            migrations.RunSQL(
                f"DROP INDEX IF EXISTS {index};",
                f"CREATE INDEX {index} ON {table} (public_id varchar_pattern_ops);",
            )
            for table, index in TABLES.items()
        ),
        migrations.AlterField(
            "membership",
            "organization",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="memberships",
                to="accounts.organization",
            ),
        ),
    ]
