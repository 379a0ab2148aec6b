"""What constraints can't say: an append-only audit log, an owner always, and the cache's table."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION accounts_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER accounts_audit_append_only BEFORE UPDATE OR DELETE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_append_only();
CREATE TRIGGER accounts_audit_no_truncate BEFORE TRUNCATE ON accounts_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_audit_append_only();
"""

# Checked when the transaction ends, under a lock on the organization: of two owners who leave
# at once, the second waits for the first and is refused.
OWNER_ALWAYS = """
CREATE FUNCTION accounts_owner_always() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM accounts_organization WHERE id = OLD.organization_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM accounts_membership
        WHERE organization_id = OLD.organization_id AND role = 'owner' AND status = 'active'
    ) THEN
        RAISE EXCEPTION 'an organization keeps at least one active owner'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'organization_keeps_an_owner';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER organization_keeps_an_owner
    AFTER UPDATE OR DELETE ON accounts_membership DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.role = 'owner' AND OLD.status = 'active')
    EXECUTE FUNCTION accounts_owner_always();
"""

CACHE = """
CREATE TABLE cache (
    cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL
);
CREATE INDEX cache_expires ON cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(
            APPEND_ONLY,
            "DROP TRIGGER accounts_audit_append_only ON accounts_auditevent;"
            "DROP TRIGGER accounts_audit_no_truncate ON accounts_auditevent;"
            "DROP FUNCTION accounts_audit_append_only;",
        ),
        migrations.RunSQL(
            OWNER_ALWAYS,
            "DROP TRIGGER organization_keeps_an_owner ON accounts_membership;"
            "DROP FUNCTION accounts_owner_always;",
        ),
        migrations.RunSQL(CACHE, "DROP TABLE cache;"),
    ]
