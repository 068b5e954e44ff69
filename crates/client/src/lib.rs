//! A thin SigV4 client: the operations of the generated API crates, and the little of S3 that the
//! command line and the demo need.
//!
//! [`Client::call`] takes an operation as a type and its input as a struct; the schema does the rest.

mod client;
mod config;
mod error;
mod multipart;
mod s3;
mod transport;

pub use client::{Client, Reply};
pub use config::Config;
pub use error::ClientError;
pub use mastic_sigv4::Credentials;
pub use multipart::Multipart;
pub use s3::{Listing, ObjectEntry, S3};
