//! The embedded store engine: SQLite in WAL mode with group commit.
