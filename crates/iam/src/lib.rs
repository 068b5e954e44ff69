//! IAM, STS and Mastic's own account service: principals, policies, sessions, and the authorizer
//! that takes every decision of the server.
//!
//! [`bootstrap`] makes the first account, [`Iam::register`] serves the operations, [`Iam::connect`]
//! fills the kernel's ports. Decisions are taken from memory: what they rest on is read again
//! only when a keyspace it came from has changed.

mod access;
mod accesses;
mod accounts;
mod accounts_port;
mod attachments;
mod authorizer;
mod boundaries;
mod cache;
mod context;
mod details;
mod documents;
mod entities;
mod explain;
mod explain_shape;
mod faults;
mod features;
mod gone;
mod groups;
mod holders;
mod inline;
mod keys;
mod last_accessed;
mod linked;
mod linked_services;
mod managed;
mod names;
mod organization;
mod organization_report;
mod page;
mod patched;
mod people;
mod policies;
mod preflight;
mod principals;
mod profiles;
mod providers;
mod records;
mod register;
mod roles;
mod saml;
mod sealed;
mod services;
mod sessions;
mod simulate;
mod simulate_answer;
mod simulate_context;
mod sts;
mod subjects;
mod tags;
mod trust;
mod users;
mod uses;
mod uses_port;
mod versions;

use std::sync::Arc;

use mastic_kernel::ports::KeyMaterial;
use mastic_kernel::{Background, Kernel};

pub use accounts::{GivenRoot, RootCredentials, bootstrap};

use crate::accesses::Accesses;
use crate::cache::{Cache, Documents};
use crate::organization::Place;
use crate::principals::Known;
use crate::records::Session;
use crate::sts::KeySets;
use crate::uses::Uses;

/// The service. It implements the ports [`mastic_kernel::Authorizer`],
/// [`mastic_kernel::ports::Keys`], [`mastic_kernel::ports::RoleSessions`] and [`mastic_kernel::ports::Accounts`].
pub struct Iam {
    background: Background,
    documents: Documents,
    principals: Cache<Option<Arc<Known>>>,
    places: Cache<Option<Arc<Place>>>,
    sessions: Cache<Option<Arc<Session>>>,
    keys: Cache<Option<Arc<KeyMaterial>>>,
    temporary_keys: Cache<Option<Arc<KeyMaterial>>>,
    uses: Uses,
    accesses: Accesses,
    key_sets: KeySets,
}

impl Iam {
    /// The service over the store that `background` opens.
    #[must_use]
    pub fn new(background: Background) -> Arc<Self> {
        Arc::new(Self {
            background,
            documents: Documents::default(),
            principals: Cache::default(),
            places: Cache::default(),
            sessions: Cache::default(),
            keys: Cache::default(),
            temporary_keys: Cache::default(),
            uses: Uses::default(),
            accesses: Accesses::default(),
            key_sets: KeySets::default(),
        })
    }

    /// Fills the kernel's ports for decisions, role sessions and accounts.
    pub fn connect(self: &Arc<Self>, kernel: &Kernel) {
        kernel.connect_authorizer(Arc::clone(self) as _);
        kernel.connect_sessions(Arc::clone(self) as _);
        kernel.connect_accounts(Arc::clone(self) as _);
        kernel.connect_holders(Arc::clone(self) as _);
        kernel.connect_uses(Arc::clone(self) as _);
        kernel.connect_principal_tags(Arc::clone(self) as _);
    }
}
