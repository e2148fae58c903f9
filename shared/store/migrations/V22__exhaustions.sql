-- How often a file of a user's has used up a reader, in any of their documents. The worker asks, which sees no event.
CREATE FUNCTION reader_exhaustions(of_user uuid, of_content bytea) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM public.documents d JOIN public.document_events e ON e.document_id = d.id
    WHERE d.user_id = of_user AND d.content_sha256 = of_content AND e.reason = 'reader_exhausted'
      AND e.event IN ('attempt_failed', 'gave_up')
$$;
REVOKE EXECUTE ON FUNCTION reader_exhaustions(uuid, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reader_exhaustions(uuid, bytea) TO filot_app, filot_worker;
