//! IAM, STS and the account service, served in one process.

mod accounts;
mod decisions;
mod groups;
mod house;
mod keys;
mod policies;
mod roles;
mod sessions;
mod users;
