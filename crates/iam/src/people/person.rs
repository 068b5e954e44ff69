//! Whose credentials a request is about.

use mastic_core::{AccountId, Fault};
use mastic_kernel::{Caller, Identity};
use mastic_store::ReadTx;

use crate::entities;
use crate::faults::validation;
use crate::names::find;
use crate::records::{Base, User};

/// Under which the root user's credentials lie; no unique id of a user looks like this.
pub(crate) const ROOT: &str = "root";

/// The root user or a user of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// The user's unique id, which stays when the name changes, or [`ROOT`].
    pub(crate) key: String,
    /// The name that answers show.
    pub(crate) name: String,
}

impl Person {
    /// The root user.
    pub(crate) fn root() -> Self {
        Self { key: ROOT.to_owned(), name: ROOT.to_owned() }
    }

    /// Whether it is the root user.
    pub(crate) fn is_root(&self) -> bool {
        self.key == ROOT
    }

    /// The user of this record.
    pub(crate) fn of(base: &Base) -> Self {
        Self { key: base.id.clone(), name: base.name.clone() }
    }

    /// The caller, if it is a person.
    pub(crate) fn calling(caller: &Caller) -> Option<Self> {
        match &caller.identity {
            Identity::Root => Some(Self::root()),
            Identity::User { id, name, .. } => Some(Self { key: id.clone(), name: name.clone() }),
            _ => None,
        }
    }

    /// The user of this name.
    pub(crate) fn named(tx: &ReadTx<'_>, account: &AccountId, name: &str) -> Result<Self, Fault> {
        Ok(Self::of(&entities::need::<User>(tx, account, name)?.base))
    }

    /// The named user or, without a name, the caller. Operations that demand a name take `root` from the root
    /// user as itself, unless there is a user of that name.
    pub(crate) fn asked(
        tx: &ReadTx<'_>,
        caller: &Caller,
        account: &AccountId,
        name: Option<&str>,
    ) -> Result<Self, Fault> {
        let own = || validation("Must specify userName when calling with non-User credentials");
        match name {
            None => Self::calling(caller).ok_or_else(own),
            Some(ROOT) if caller.identity == Identity::Root && find::<User>(tx, account, ROOT)?.is_none() => {
                Ok(Self::root())
            }
            Some(name) => Self::named(tx, account, name),
        }
    }
}
