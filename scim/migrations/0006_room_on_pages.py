"""Pages of user resources keep room for a new version of some (accounts 0006 says why).

And a change of state or name, the address being the same, is noted in one statement; a resource
that is inserted with its membership, in one statement, is not inserted once more by the trigger.
"""

from django.db import migrations

FOLLOW_MEMBERSHIP = """
CREATE OR REPLACE FUNCTION scim_follow_membership() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    address text;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.email = OLD.email AND NEW.user_id = OLD.user_id THEN
        UPDATE scim_userresource SET modified_at = clock_timestamp() WHERE membership_id = NEW.id;
        RETURN NULL;
    END IF;
    PERFORM 1 FROM scim_directory WHERE organization_id = NEW.organization_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        DELETE FROM scim_departure
            WHERE organization_id = NEW.organization_id AND user_id = NEW.user_id;
        PERFORM 1 FROM scim_userresource WHERE membership_id = NEW.id;
        IF FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    SELECT coalesce(nullif(NEW.email, ''), u.email) INTO address
        FROM accounts_user u WHERE u.id = NEW.user_id;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO scim_userresource (membership_id, organization_id, resource_id, user_name,
                user_name_key, domain, external_id, created_at, modified_at)
            VALUES (NEW.id, NEW.organization_id, NEW.public_id, address, lower(address),
                coalesce(lower(substring(address from '@([^@]*)$')), ''), '',
                clock_timestamp(), clock_timestamp())
            ON CONFLICT DO NOTHING;
    ELSE
        UPDATE scim_userresource SET
            user_name = CASE WHEN user_name_key = lower(address) THEN user_name ELSE address END,
            user_name_key = lower(address),
            domain = coalesce(lower(substring(address from '@([^@]*)$')), ''),
            modified_at = clock_timestamp()
            WHERE membership_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("scim", "0005_totals_side_by_side")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE scim_userresource SET (fillfactor = 85);",
            "ALTER TABLE scim_userresource RESET (fillfactor);",
        ),
        migrations.RunSQL(FOLLOW_MEMBERSHIP),
    ]
