//! IAM policy documents and the access decision with its reasons: pure and synchronous.
//!
//! The road in: [`Document::parse_as`] turns JSON into a compiled document, a [`PolicySet`] gathers
//! the documents that bear on one call, and [`allows`] (fast) or [`decide`] (with every reason)
//! answers a [`Request`]. Nothing here does I/O, asks the time or can panic; the request's
//! [`Context`] holds all that a condition may look at.
//!
//! The rules are those of the IAM User Guide, "Policy evaluation logic" and "IAM JSON policy
//! element reference".

pub mod compare;
mod condense;
mod condition;
mod context;
mod control;
mod decide;
mod document;
mod error;
mod evaluate;
mod explanation;
mod gate;
mod json;
mod keys;
mod message;
mod missing;
mod named;
mod names;
mod operand;
mod operator;
mod parse;
mod patch;
mod patch_command;
mod patch_json;
mod patch_text;
mod pattern;
mod position;
mod principal;
mod reasons;
mod request;
mod set;
mod text;
mod validate;
mod variables;

pub use context::Context;
pub use control::has_resource_control;
pub use decide::{allows, allows_in_any_context, decide};
pub use document::{Document, DocumentKind, Effect, Statement, Version};
pub use error::PolicyError;
pub use explanation::{considered, explain};
pub use keys::missing_context;
pub use message::authorization_message;
pub use missing::{Missing, Proposal};
pub use names::{key_name, policy_holder};
pub use patch::{Barrier, Grant, Patch, PatchError, Remedy};
pub use patch_command::Means;
pub use patch_text::{Change, remedy_text};
pub use position::{Position, Span, Step, locate};
pub use principal::Principal;
pub use reasons::{Decision, Miss, Outcome, PolicyReport, StatementReport};
pub use request::Request;
pub use set::{Attached, Label, Layer, PolicyKind, PolicySet};
