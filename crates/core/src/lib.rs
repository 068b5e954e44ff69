//! Words every crate shares: accounts, ARNs, faults, secrets, and the seams for time,
//! randomness and identifiers.
//!
//! Nothing here does I/O. A type that names something of AWS's has a private field, and parsing
//! is the only way in.

mod account;
mod arn;
pub mod failpoint;
mod fault;
mod ids;
mod secret;
mod time;
mod vault;

pub use account::{AccountId, ParseAccountIdError};
pub use arn::{Arn, ParseArnError, Region};
pub use fault::{Blame, Fault};
pub use ids::{Entropy, RequestId, SeededEntropy, SystemEntropy};
pub use secret::Secret;
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
pub use vault::{Vault, VaultError};
