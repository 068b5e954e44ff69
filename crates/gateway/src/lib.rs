//! The HTTP door: one port for every service.
//!
//! A request is told apart by `X-Amz-Target` (awsJson), `Action` (awsQuery) or, where its signature is for a
//! restJson1 service, by method and path; what is neither is handed to the fallback, which is S3. For the others the gateway reads the body within a limit, checks
//! the signature, decodes and validates the input, and leaves the rest to the kernel's registry.

mod auth;
mod body;
mod calls;
mod route;
mod server;
mod tls;

pub use body::{Answer, AnswerBody, full};
pub use calls::Calls;
pub use server::{Arrival, Fallback, Limits, Server, ServerError};
pub use tls::{TlsError, acceptor};
