//! Redis: results channel and worker heartbeats; never the authority.
