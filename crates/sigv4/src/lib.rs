//! AWS Signature Version 4: signing and checking requests in the header, query and chunked forms.
//!
//! Everything is synchronous and free of I/O. A server calls [`Presented::parse`], looks up the secret
//! of the access key named there, and calls [`Verifier::verify`]; bodies in the `aws-chunked` encoding go
//! through a [`ChunkDecoder`]. A client calls [`Signer::sign`] or [`Signer::presign`].

mod canonical;
mod chunked;
mod error;
mod key;
mod presented;
mod sign;
mod text;
mod uri;
mod verify;

pub use canonical::RequestParts;
pub use chunked::{ChunkDecoder, ChunkError, ChunkSeed};
pub use error::{Family, SigError};
pub use key::SigningKey;
pub use presented::{Form, Payload, Presented, Scope};
pub use sign::{Credentials, Payloads, Signer};
pub use uri::encode;
pub use verify::{Verifier, sha256};
