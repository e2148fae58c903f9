-- The roles of FiLot's database, made once, before the first migration, by whoever administers the server:
--
--   psql --set=database=filot --file shared/store/roles.sql
--
-- Then give each a login, with a password that is nowhere but in its secret (ALTER ROLE … LOGIN PASSWORD …):
--
--   filot_owner     filot/database-migrate-url   owns the schema and runs migrations; no CREATEROLE, no superuser
--   filot_app       filot/database-url           functions with a route, sweeper, review-dispatch
--   filot_worker    filot/database-worker-url    the worker
--   filot_scoring   filot/database-scoring-url   scoring: automatic decisions
--   filot_reviews   filot/database-reviews-url   review-callback: decisions of a human
--
-- On Neon, `neondb_owner` or any role made in the console may take the place of filot_owner. Running this again changes
-- nothing.
\set ON_ERROR_STOP on
SELECT format('CREATE ROLE %I NOLOGIN', name)
FROM unnest(ARRAY['filot_owner', 'filot_app', 'filot_worker', 'filot_scoring', 'filot_reviews']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
GRANT filot_app TO filot_scoring, filot_reviews;
SELECT format('ALTER DATABASE %I OWNER TO filot_owner', :'database') \gexec
