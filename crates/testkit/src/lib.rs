//! Starts the real server for tests.
