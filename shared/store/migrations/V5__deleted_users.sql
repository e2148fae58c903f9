-- A deleted user has no session (INV-6): whoever sets the mark need not know who else must be told, and no statement that
-- checks a session need look at the user as well.
CREATE FUNCTION users_deleted_end_sessions() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.sessions SET ended_at = NEW.deleted_at, end_reason = 'erased'
    WHERE user_id = NEW.id AND ended_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_deleted_end_sessions AFTER UPDATE OF deleted_at ON users
    FOR EACH ROW WHEN (NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL)
    EXECUTE FUNCTION users_deleted_end_sessions();
REVOKE EXECUTE ON FUNCTION users_deleted_end_sessions() FROM PUBLIC;
