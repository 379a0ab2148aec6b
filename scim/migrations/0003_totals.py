"""Totals by domain, kept by triggers: counting a hundred thousand rows for each page took longest.

Whatever adds or removes a member holds the organization's lock already, so nobody waits for these
rows who would not wait anyway.
"""

import django.db.models.deletion
from django.db import migrations, models

KEEP_TOTALS = """
CREATE FUNCTION scim_count_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO scim_total AS t (organization_id, domain, members)
        SELECT organization_id, domain, count(*) FROM added
        GROUP BY organization_id, domain ORDER BY organization_id, domain
        ON CONFLICT (organization_id, domain) DO UPDATE SET members = t.members + excluded.members;
    RETURN NULL;
END $$;

CREATE FUNCTION scim_count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE scim_total t SET members = t.members - gone.members
        FROM (SELECT organization_id, domain, count(*) AS members FROM removed
              GROUP BY organization_id, domain) gone
        WHERE t.organization_id = gone.organization_id AND t.domain = gone.domain;
    RETURN NULL;
END $$;

CREATE FUNCTION scim_count_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE scim_total SET members = members - 1
        WHERE organization_id = OLD.organization_id AND domain = OLD.domain;
    INSERT INTO scim_total AS t (organization_id, domain, members)
        VALUES (NEW.organization_id, NEW.domain, 1)
        ON CONFLICT (organization_id, domain) DO UPDATE SET members = t.members + 1;
    RETURN NULL;
END $$;

CREATE TRIGGER scim_resources_added AFTER INSERT ON scim_userresource
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION scim_count_added();
CREATE TRIGGER scim_resources_removed AFTER DELETE ON scim_userresource
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION scim_count_removed();
CREATE TRIGGER scim_resource_moved AFTER UPDATE OF domain ON scim_userresource
    FOR EACH ROW WHEN (OLD.domain IS DISTINCT FROM NEW.domain)
    EXECUTE FUNCTION scim_count_moved();

INSERT INTO scim_total (organization_id, domain, members)
    SELECT organization_id, domain, count(*) FROM scim_userresource GROUP BY 1, 2;
"""
FORGET_TOTALS = """
DROP TRIGGER scim_resources_added ON scim_userresource;
DROP TRIGGER scim_resources_removed ON scim_userresource;
DROP TRIGGER scim_resource_moved ON scim_userresource;
DROP FUNCTION scim_count_added();
DROP FUNCTION scim_count_removed();
DROP FUNCTION scim_count_moved();
"""


class Migration(migrations.Migration):
    dependencies = [("scim", "0002_follow_members")]

    operations = [
        migrations.CreateModel(
            name="Total",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("domain", models.CharField(max_length=254)),
                ("members", models.PositiveIntegerField()),
                ("organization", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.organization")),
            ],
        ),
        migrations.AddConstraint(
            model_name="total",
            constraint=models.UniqueConstraint(fields=("organization", "domain"), name="scim_total_once"),
        ),
        migrations.RunSQL(KEEP_TOTALS, FORGET_TOTALS),
    ]
