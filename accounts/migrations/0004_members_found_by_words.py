"""Members are found by words of name and address: one column that triggers keep, and its index.

Names and addresses stand in two tables; no index serves an OR over both.
"""

from django.db import migrations, models

KEEP_WORDS = """
CREATE FUNCTION accounts_membership_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT lower(concat_ws(' ', NEW.email, NEW.first_name, NEW.last_name,
                           u.email, u.first_name, u.last_name)) INTO NEW.words
        FROM accounts_user u WHERE u.id = NEW.user_id;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_membership_words
    BEFORE INSERT OR UPDATE OF user_id, email, first_name, last_name, words ON accounts_membership
    FOR EACH ROW EXECUTE FUNCTION accounts_membership_words();

CREATE FUNCTION accounts_user_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts_membership SET words = '' WHERE user_id = NEW.id;  -- the trigger above fills it
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_user_words AFTER UPDATE OF email, first_name, last_name ON accounts_user
    FOR EACH ROW
    WHEN ((OLD.email, OLD.first_name, OLD.last_name)
          IS DISTINCT FROM (NEW.email, NEW.first_name, NEW.last_name))
    EXECUTE FUNCTION accounts_user_words();

UPDATE accounts_membership SET words = '';
-- No index is made on a table whose deferred checks still wait.
SET CONSTRAINTS ALL IMMEDIATE;
"""

# Both extensions come with PostgreSQL and are trusted: a database's owner may create them. Where
# they are not installed, or not allowed, a search reads its organization's members one by one.
INDEX_WORDS = """
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE EXTENSION IF NOT EXISTS btree_gin;
    CREATE INDEX membership_by_words ON accounts_membership
        USING gin (organization_id, words gin_trgm_ops);
EXCEPTION WHEN undefined_file OR feature_not_supported OR insufficient_privilege THEN
    RAISE NOTICE 'Without pg_trgm and btree_gin members are searched without an index: %', SQLERRM;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_members_with_a_role")]

    operations = [
        migrations.AddField(
            "membership", "words", models.TextField(blank=True, default="", editable=False)
        ),
        migrations.RunSQL(
            KEEP_WORDS,
            "DROP TRIGGER accounts_membership_words ON accounts_membership;"
            "DROP TRIGGER accounts_user_words ON accounts_user;"
            "DROP FUNCTION accounts_membership_words();"
            "DROP FUNCTION accounts_user_words();",
        ),
        migrations.RunSQL(INDEX_WORDS, "DROP INDEX IF EXISTS membership_by_words;"),
    ]
