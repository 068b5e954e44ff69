//! The credentials of people and machines: passwords, MFA devices, keys and certificates of users.
//!
//! For the rest of the crate:
//!
//! - [`mfa::verify`]`(ctx: &Ctx, serial: &str, code: &str) -> Result<(), Fault>` checks a one-time code of a
//!   device of the caller and uses it up; a wrong one is AWS STS's `AccessDenied`.
//! - [`check_deletable`]`(tx, account, user) -> Result<(), Fault>` refuses to delete a user who still has any.
//!
//! Everything lies in keyspaces of its own, under the account and the owner's unique id
//! ([`person::Person::key`]), so that a new name changes nothing here.

pub(crate) mod aliases;
pub(crate) mod certificates;
mod guesses;
pub(crate) mod logins;
pub(crate) mod mfa;
mod mfa_register;
mod owned;
mod password_policy;
mod passwords;
pub(crate) mod person;
mod qr;
mod register;
mod report;
mod rsa_key;
mod service_credentials;
pub(crate) mod sign_in;
mod signing;
mod ssh_keys;
mod summary;
mod totp;
mod x509;

use std::sync::Arc;

use mastic_core::{AccountId, Fault};
use mastic_kernel::Registry;
use mastic_store::ReadTx;

use crate::Iam;
use crate::records::User;
use person::Person;

/// Serves the operations on credentials of people.
pub(crate) fn register(iam: &Arc<Iam>, registry: &mut Registry) {
    mfa_register::register(registry);
    register::register(iam, registry);
}

/// Refuses to delete a user whom credentials hang on ("DeleteUser").
pub(crate) fn check_deletable(tx: &ReadTx<'_>, account: &AccountId, user: &User) -> Result<(), Fault> {
    let person = Person::of(&user.base);
    logins::check_deletable(tx, account, &person)?;
    mfa::check_deletable(tx, account, &person)?;
    signing::check_deletable(tx, account, &person)?;
    ssh_keys::check_deletable(tx, account, &person)?;
    service_credentials::check_deletable(tx, account, &person)
}
