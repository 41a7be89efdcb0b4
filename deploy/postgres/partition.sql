-- Partitions the tables `event` and `document` by hash of the organization, 64 partitions each, with all indexes and
-- guards: on each partition updates, deletes and truncates are refused as they are on the whole.
--
-- When and why: docs/operations.md, Growth. Stop all services first (a private Postgres runs with its service: take its
-- clients away, and start it again afterwards; until then it may report drift that is none). It needs as much free space
-- as both tables take, and copies them in one transaction. As the owner of the tables:
--
--   psql "$MIGRATE_DATABASE_URL" -v ON_ERROR_STOP=1 -f partition.sql
--
-- Who has rights on these tables, or on some of their columns, keeps them. Then run `flow-registry migrate` where the service has
-- an account of its own, which takes from it what default privileges gave it on the partitions, and `flow-registry audit
-- verify`. Whoever has run it cannot run it again: that is refused.
BEGIN;
LOCK TABLE log_head, event, document IN ACCESS EXCLUSIVE MODE;

-- What there is now is read from the catalog, so that indexes and guards of every release come along, under their names.
CREATE TEMPORARY TABLE definition ON COMMIT DROP AS
    SELECT 1 AS step, c.relname AS tab, i.relname AS name,
        CASE WHEN k.oid IS NULL THEN pg_get_indexdef(i.oid)
            ELSE format('ALTER TABLE %I ADD CONSTRAINT %I %s', c.relname, i.relname, pg_get_constraintdef(k.oid))
        END AS text
    FROM pg_index x
    JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.contype IN ('p', 'u')
    WHERE c.oid IN ('event'::regclass, 'document'::regclass)
    UNION ALL
    SELECT CASE WHEN t.tgtype & 1 = 1 THEN 2 ELSE 3 END, c.relname, t.tgname, pg_get_triggerdef(t.oid)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.oid IN ('event'::regclass, 'document'::regclass) AND NOT t.tgisinternal;

DO $$
DECLARE
    old  record;
    each record;
    part text;
BEGIN
    FOR old IN SELECT c.oid, c.relname AS name, c.relkind, c.relacl, array_to_string(c.reloptions, ', ') AS options
        FROM pg_class c WHERE c.oid IN ('event'::regclass, 'document'::regclass) LOOP
        IF old.relkind = 'p' THEN
            RAISE EXCEPTION '% is partitioned already', old.name;
        END IF;
        EXECUTE format('ALTER TABLE %I RENAME TO %I', old.name, old.name || '_before');
        FOR each IN SELECT * FROM definition WHERE tab = old.name AND step = 1 LOOP
            EXECUTE format('ALTER INDEX %I RENAME TO %I', each.name, each.name || '_before');
        END LOOP;
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE
            INCLUDING COMPRESSION) PARTITION BY HASH (org_id)', old.name, old.name || '_before');
        FOR number IN 0..63 LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS 64, REMAINDER %s)%s',
                old.name || '_' || number, old.name, number, coalesce(' WITH (' || old.options || ')', ''));
        END LOOP;
        EXECUTE format('INSERT INTO %I SELECT * FROM %I', old.name, old.name || '_before');
        -- Row by row a guard of the whole is one of each partition; a truncate has no rows, and is guarded on each.
        FOR each IN SELECT * FROM definition WHERE tab = old.name ORDER BY step LOOP
            EXECUTE each.text;
            FOR part IN SELECT i.inhrelid::regclass::text FROM pg_inherits i
                WHERE i.inhparent = old.name::regclass AND each.step > 1 LOOP
                IF each.step = 3 THEN
                    EXECUTE replace(each.text, format(' ON public.%I ', old.name), format(' ON %s ', part));
                END IF;
                EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', part, each.name);
            END LOOP;
            IF each.step > 1 THEN
                EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', old.name, each.name);
            END IF;
        END LOOP;
        FOR each IN
            SELECT r.privilege_type AS privilege, '' AS on_column, r.grantee, r.is_grantable FROM aclexplode(old.relacl) r
            UNION ALL
            SELECT r.privilege_type, format(' (%I)', a.attname), r.grantee, r.is_grantable
            FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) r
            WHERE a.attrelid = old.oid AND NOT a.attisdropped
        LOOP
            EXECUTE format('GRANT %s%s ON %I TO %s%s', each.privilege, each.on_column, old.name,
                CASE each.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(each.grantee)) END,
                CASE WHEN each.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
        END LOOP;
        EXECUTE format('DROP TABLE %I', old.name || '_before');
    END LOOP;
END $$;
COMMIT;

ANALYZE event, document;
