//! Event history over a kernel with two small services.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

mod history;
mod house;
