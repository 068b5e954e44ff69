//! The vocabulary that the generated API crates fill: schemas, values and operation tables.
//!
//! An API crate holds, for every operation it implements, plain structs, a static [`Schema`]
//! of each (names, constraints) and a row of the operation table. Codecs, constraint checks,
//! audit records and access requirements all work on the dynamic [`Value`] together with its
//! schema, so that each is written once for every operation; handlers see the typed structs. Only the largest answers
//! are made as values: theirs keep once what many of their parts have in common ([`Value::Shared`]).

pub use serde;

mod operation;
mod schema;
mod shape;
mod validate;
mod value;

pub use operation::{AccessLevel, Http, Op, Operation, Protocol, ResourceType, Service};
pub use schema::{Bounds, Kind, Member, Pattern, Schema};
pub use shape::{Blob, Known, Shape, ShapeError, field};
pub use validate::{Violation, validate, violations_text};
pub use value::{Name, Value};
