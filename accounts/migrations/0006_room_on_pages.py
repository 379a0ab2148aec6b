"""Pages of members keep room for a new version of some.

A change of what no index holds (a state, a last visit) then stays on its page, and none of eight
indexes hears of it: SCIM deactivates people by the hundred, and each opens their pages every day.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_fewer_indexes")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE accounts_membership SET (fillfactor = 85);",
            "ALTER TABLE accounts_membership RESET (fillfactor);",
        ),
    ]
