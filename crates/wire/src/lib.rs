//! Codecs: the awsJson 1.0/1.1, awsQuery and restJson1 protocols over [`mastic_shape`]'s schemas and values.
//!
//! A server decodes a call with [`decode_input`] and encodes its end with [`encode_output`] or
//! [`encode_fault`]; a client does the reverse with [`encode_input`], [`decode_output`] and
//! [`decode_fault`]. Everything is synchronous, and nothing here looks at constraints.

mod base;
mod error;
mod fault;
pub mod json;
mod message;
pub mod query;
pub mod rest;

pub use error::WireError;
pub use fault::{RemoteFault, decode_fault, encode_fault};
pub use message::{Message, Received, decode_input, decode_output, encode_input, encode_output};
