//! CloudWatch Logs, served in one process.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

mod access;
mod events;
mod filter;
mod groups;
mod house;
mod retention;
mod sink;
mod streams;
