"""Triggers that keep user resources in step with memberships, and an unlogged bucket.

They live in the database because memberships change in many places (invitations, single sign-on,
profile, admins, shell), and none of them knows of SCIM.
"""

from django.db import migrations

FOLLOW_MEMBERSHIP = """
CREATE FUNCTION scim_follow_membership() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    address text;
BEGIN
    PERFORM 1 FROM scim_directory WHERE organization_id = NEW.organization_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(nullif(NEW.email, ''), u.email) INTO address
        FROM accounts_user u WHERE u.id = NEW.user_id;
    IF TG_OP = 'INSERT' THEN
        DELETE FROM scim_departure
            WHERE organization_id = NEW.organization_id AND user_id = NEW.user_id;
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

CREATE TRIGGER scim_membership_added AFTER INSERT ON accounts_membership
    FOR EACH ROW EXECUTE FUNCTION scim_follow_membership();

CREATE TRIGGER scim_membership_changed
    AFTER UPDATE OF email, first_name, last_name, status ON accounts_membership
    FOR EACH ROW
    WHEN ((OLD.email, OLD.first_name, OLD.last_name, OLD.status)
          IS DISTINCT FROM (NEW.email, NEW.first_name, NEW.last_name, NEW.status))
    EXECUTE FUNCTION scim_follow_membership();
"""

FOLLOW_USER = """
CREATE FUNCTION scim_follow_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE scim_userresource r SET
        user_name = CASE WHEN r.user_name_key = lower(NEW.email) OR m.email <> ''
                    THEN r.user_name ELSE NEW.email END,
        user_name_key = CASE WHEN m.email <> '' THEN r.user_name_key ELSE lower(NEW.email) END,
        domain = CASE WHEN m.email <> '' THEN r.domain
                 ELSE coalesce(lower(substring(NEW.email from '@([^@]*)$')), '') END,
        modified_at = clock_timestamp()
        FROM accounts_membership m WHERE m.id = r.membership_id AND m.user_id = NEW.id;
    RETURN NULL;
END $$;

CREATE TRIGGER scim_user_changed
    AFTER UPDATE OF email, first_name, last_name ON accounts_user
    FOR EACH ROW
    WHEN ((OLD.email, OLD.first_name, OLD.last_name)
          IS DISTINCT FROM (NEW.email, NEW.first_name, NEW.last_name))
    EXECUTE FUNCTION scim_follow_user();
"""

FOLLOW_TEAM = """
CREATE FUNCTION scim_follow_team() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts_team SET changed_at = clock_timestamp()
        WHERE id IN (SELECT DISTINCT team_id FROM changed);
    RETURN NULL;
END $$;

CREATE TRIGGER scim_team_joined AFTER INSERT ON accounts_teammembership
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scim_follow_team();

CREATE TRIGGER scim_team_left AFTER DELETE ON accounts_teammembership
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scim_follow_team();
"""


class Migration(migrations.Migration):
    dependencies = [("scim", "0001_initial")]

    operations = [
        migrations.RunSQL(
            FOLLOW_MEMBERSHIP,
            "DROP TRIGGER scim_membership_added ON accounts_membership;"
            "DROP TRIGGER scim_membership_changed ON accounts_membership;"
            "DROP FUNCTION scim_follow_membership();",
        ),
        migrations.RunSQL(
            FOLLOW_USER,
            "DROP TRIGGER scim_user_changed ON accounts_user; DROP FUNCTION scim_follow_user();",
        ),
        migrations.RunSQL(
            FOLLOW_TEAM,
            "DROP TRIGGER scim_team_joined ON accounts_teammembership;"
            "DROP TRIGGER scim_team_left ON accounts_teammembership;"
            "DROP FUNCTION scim_follow_team();",
        ),
        # A crash forgets the pace of the last second, and nothing else.
        migrations.RunSQL(
            "ALTER TABLE scim_bucket SET UNLOGGED; ALTER TABLE scim_bucket SET (fillfactor = 50);",
            "ALTER TABLE scim_bucket SET LOGGED;",
        ),
    ]
