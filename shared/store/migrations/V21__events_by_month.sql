-- without a transaction
-- Events grow by seven a document and are never changed. They are kept by the month in which their document was uploaded:
-- ids are UUIDv7, whose order is that of time. So the key (document_id, version) stays unique, the reference to the document
-- stays checked, all events of a document lie in one partition, and a month whose documents are all erased can be
-- detached, archived and dropped (docs/runbook.md).
CREATE OR REPLACE FUNCTION month_begin(month date) RETURNS uuid
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (lpad(to_hex((extract(epoch FROM month::timestamp AT TIME ZONE 'UTC') * 1000)::bigint), 12, '0')
            || repeat('0', 20))::uuid
$$;
-- step: what was there until now is one partition; that it holds nothing newer is checked while it is in use
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'document_events_before_bound') THEN
        EXECUTE format(
            'ALTER TABLE document_events ADD CONSTRAINT document_events_before_bound CHECK (document_id < %L) NOT VALID',
            month_begin((date_trunc('month', now() AT TIME ZONE 'UTC') + interval '2 months')::date));
    END IF;
END
$$;
-- step
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conname = 'document_events_before_bound' AND NOT convalidated) THEN
        ALTER TABLE document_events VALIDATE CONSTRAINT document_events_before_bound;
    END IF;
END
$$;
-- step: the table takes its place below a new one of the same name
DO $$
DECLARE
    bound text;
BEGIN
    IF to_regclass('document_events_before') IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT (regexp_match(pg_get_constraintdef(oid), '[0-9a-f]{8}-[0-9a-f-]{27}'))[1] INTO bound
    FROM pg_constraint WHERE conname = 'document_events_before_bound';
    ALTER TABLE document_events RENAME TO document_events_before;
    ALTER INDEX document_events_pkey RENAME TO document_events_before_pkey;
    ALTER TRIGGER document_events_append_only ON document_events_before RENAME TO document_events_before_append_only;
    CREATE TABLE document_events (LIKE document_events_before INCLUDING DEFAULTS,
        CONSTRAINT document_events_pkey PRIMARY KEY (document_id, version),
        CONSTRAINT document_events_created_from_nothing CHECK (
            (event = 'created') = (from_status IS NULL) AND (from_status IS NULL) = (verification_from IS NULL)
        ),
        CONSTRAINT document_events_document_id_fkey FOREIGN KEY (document_id) REFERENCES documents (id)
    ) PARTITION BY RANGE (document_id);
    EXECUTE format('ALTER TABLE document_events ATTACH PARTITION document_events_before FOR VALUES FROM (MINVALUE) TO (%L)',
        bound);
    ALTER TABLE document_events_before DROP CONSTRAINT document_events_before_bound;
    -- A safety net: where events go if nobody has migrated for two years.
    CREATE TABLE document_events_default PARTITION OF document_events DEFAULT;
    DROP TRIGGER document_events_before_append_only ON document_events_before;
    CREATE TRIGGER document_events_append_only BEFORE UPDATE OR DELETE ON document_events
        FOR EACH ROW EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER document_events_not_truncated BEFORE TRUNCATE ON document_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER document_events_default_not_truncated BEFORE TRUNCATE ON document_events_default
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    REVOKE ALL ON document_events_before FROM filot_app;
    GRANT SELECT ON document_events TO filot_app;
END
$$;
-- step: the months to come; every run of the migrations makes those that are missing
CREATE OR REPLACE FUNCTION create_event_months(ahead integer) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    month   date;
    name    text;
    created integer := 0;
BEGIN
    FOR number IN 2..ahead LOOP
        month := (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month' * number)::date;
        name := 'document_events_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
        -- A month that was begun in the default partition stays there.
        CONTINUE WHEN EXISTS (SELECT FROM public.document_events_default
                              WHERE document_id >= public.month_begin(month)
                                AND document_id < public.month_begin((month + interval '1 month')::date));
        -- Only attaching locks what others use, and it reads nothing: the new table is empty.
        EXECUTE format('CREATE TABLE public.%I (LIKE public.document_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
        EXECUTE format('ALTER TABLE public.document_events ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', name,
            public.month_begin(month), public.month_begin((month + interval '1 month')::date));
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON public.%I FOR EACH STATEMENT
            EXECUTE FUNCTION public.refuse_change()', name || '_not_truncated', name);
        created := created + 1;
    END LOOP;
    RETURN created;
END
$$;
-- step
REVOKE EXECUTE ON FUNCTION create_event_months(integer), month_begin(date) FROM PUBLIC;
