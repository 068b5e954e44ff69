//! The codecs from outside: botocore's messages, what must be refused, and properties.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

mod botocore;
mod properties;
mod refusals;
