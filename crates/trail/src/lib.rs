//! CloudTrail's event history over the audit trail.
//!
//! The kernel keeps a record of every call; here those of management events are told in CloudTrail's form, and found by
//! what the calls were about.

mod event;
mod identity;
mod kind;
mod lookup;
mod parameters;
mod resource;
mod service;

pub use service::Trail;
