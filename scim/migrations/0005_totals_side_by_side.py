"""Totals in several rows a domain, so that new members do not wait for each other's commits.

Each connection adds to the row that its number gives.
"""

from django.db import migrations, models

# Whoever removes or moves a member holds the organization's lock alone: any row will do.
KEEP_TOTALS = """
CREATE OR REPLACE FUNCTION scim_count_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO scim_total AS t (organization_id, domain, slot, members)
        SELECT organization_id, domain, pg_backend_pid() % 16, count(*) FROM added
        GROUP BY organization_id, domain ORDER BY organization_id, domain
        ON CONFLICT (organization_id, domain, slot)
        DO UPDATE SET members = t.members + excluded.members;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION scim_count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE scim_total t SET members = t.members - gone.members
        FROM (SELECT organization_id, domain, count(*) AS members FROM removed
              GROUP BY organization_id, domain) gone
        WHERE t.id = (SELECT min(id) FROM scim_total one
            WHERE one.organization_id = gone.organization_id AND one.domain = gone.domain);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION scim_count_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE scim_total SET members = members - 1 WHERE id = (SELECT min(id) FROM scim_total
        WHERE organization_id = OLD.organization_id AND domain = OLD.domain);
    INSERT INTO scim_total AS t (organization_id, domain, slot, members)
        VALUES (NEW.organization_id, NEW.domain, pg_backend_pid() % 16, 1)
        ON CONFLICT (organization_id, domain, slot) DO UPDATE SET members = t.members + 1;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("scim", "0004_name_made_up")]

    operations = [
        migrations.AddField("total", "slot", models.SmallIntegerField(default=0)),
        migrations.AlterField("total", "members", models.IntegerField()),
        migrations.RemoveConstraint("total", "scim_total_once"),
        migrations.AddConstraint(
            "total",
            models.UniqueConstraint(
                fields=("organization", "domain", "slot"), name="scim_total_once"
            ),
        ),
        migrations.RunSQL(KEEP_TOTALS),
        # Ids are compared, never searched by their beginning (accounts 0005).
        migrations.RunSQL(
            "DROP INDEX IF EXISTS scim_userresource_resource_id_2df3336c_like;",
            "CREATE INDEX scim_userresource_resource_id_2df3336c_like"
            " ON scim_userresource (resource_id varchar_pattern_ops);",
        ),
    ]
