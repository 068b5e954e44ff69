//! The access decision, seen from outside: AWS's documented rules one by one, the texts, and what
//! must hold for all policies.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

mod documented;
mod malformed;
mod operators;
mod patches;
mod properties;
mod rules;
mod support;
mod texts;
