//! Postgres: migrations, transitions, outbox, leases, sealed personal fields.
