//! The client against a small server that checks every signature.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

mod calls;
mod objects;
mod server;
mod tls;
