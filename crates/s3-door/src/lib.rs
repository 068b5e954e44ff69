//! The S3 door: s3s adapted to the object service.
//!
//! The road of a request: [`S3Door::handle`] checks the signature (`gate`) and hands it to s3s, which tells
//! the operation; `access` says what the operation needs and asks the kernel, once, before anything of
//! the input is looked at; `serve` maps input and output; `answer` gives errors S3's form. Every call
//! leaves an audit record, denied or not.

mod access;
mod answer;
mod door;
mod dto;
mod gate;
mod host;
mod incoming;
mod legacy;
mod query;
mod refuse;
mod serve;
mod slot;
mod table;
#[cfg(test)]
mod tests;

pub use answer::{Answer, AnswerBody, BodyError};
pub use door::S3Door;
