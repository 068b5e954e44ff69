//! The kernel: what every service stands on and no service is.
//!
//! A call comes in as a [`Call`] (who, from where, what). [`Registry::serve`] is the choke point:
//! it decodes the input, asks the [`Authorizer`] for every [`Need`] that the operation declared when it was
//! registered, and only then makes the [`Ctx`] that opens transactions. Services meet through the
//! small traits in [`ports`], which the root connects.

mod access;
mod audit;
mod call;
mod changes;
mod ctx;
mod history;
mod kept;
mod kernel;
mod limits;
mod message;
pub mod page;
mod plans;
pub mod ports;
mod registry;
pub mod tags;
pub mod timetable;

pub use access::{Access, Explanation, Need, Verdict};
pub use audit::{AuditRecord, DecisionRecord, Outcome};
pub use call::{
    Call, Caller, FederatedUserIdentity, Federation, FederationKind, Identity, RunBinding, SessionIdentity,
    Token,
};
pub use ctx::{Background, Ctx};
pub use history::{Lookup, Term};
pub use kernel::{Kernel, Seams};
pub use message::AuthorizationMessage;
pub use ports::Authorizer;
pub use registry::Registry;
