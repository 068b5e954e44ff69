//! What is stored of organizations. Every document lies under the management account.

use std::collections::{BTreeMap, BTreeSet};

use mastic_api_iam::organizations::types as t;
use mastic_core::{AccountId, Timestamp};
use mastic_store::{Keyspace, Record};
use serde::{Deserialize, Serialize};

use crate::kind::Kind;

/// Keys and values.
pub(crate) type Tags = BTreeMap<String, String>;

/// An organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Organization {
    /// `o-...`.
    pub(crate) id: String,
    /// `r-...`.
    pub(crate) root: String,
    /// Whether it may have policies, or consolidated billing alone.
    pub(crate) all_features: bool,
    pub(crate) enabled: BTreeSet<Kind>,
    pub(crate) root_tags: Tags,
    /// Services that may work with the organization, and since when.
    pub(crate) services: BTreeMap<String, Timestamp>,
    pub(crate) delegation: Option<Delegation>,
}

/// The organization's resource policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Delegation {
    /// `rp-...`.
    pub(crate) id: String,
    pub(crate) content: String,
    pub(crate) tags: Tags,
}

/// An organizational unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Unit {
    pub(crate) name: String,
    /// The root or another unit.
    pub(crate) parent: String,
    pub(crate) tags: Tags,
}

/// An account in its organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) parent: String,
    pub(crate) invited: bool,
    pub(crate) joined: Timestamp,
    pub(crate) tags: Tags,
    /// Services that it administers for the organization, and since when.
    pub(crate) administers: BTreeMap<String, Timestamp>,
}

/// To which organization an account belongs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) management: AccountId,
}

/// A policy that the organization wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) content: String,
    pub(crate) tags: Tags,
}

/// A policy's being attached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attachment {}

/// What became of a `CreateAccount`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Creation {
    pub(crate) name: String,
    pub(crate) requested: Timestamp,
    /// The account, or why there is none.
    pub(crate) outcome: Result<AccountId, t::CreateAccountFailureReason>,
}

/// A question to another account, or to the organization itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Handshake {
    pub(crate) action: t::ActionType,
    /// Who has to answer.
    pub(crate) asked: AccountId,
    /// The address by which the account was invited.
    pub(crate) email: Option<String>,
    /// As last written; one that has expired since still says `OPEN`.
    pub(crate) state: t::HandshakeState,
    pub(crate) requested: Timestamp,
    pub(crate) expires: Timestamp,
    /// The handshake that this one is a part of.
    pub(crate) parent: Option<String>,
    pub(crate) notes: Option<String>,
    /// What the account is tagged with when it joins.
    pub(crate) tags: Tags,
}

/// The other side's way to a handshake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Received {
    pub(crate) management: AccountId,
}

macro_rules! records {
    ($($type:ty),*) => { $(impl Record for $type { const VERSION: u16 = 1; })* };
}
records!(Organization, Unit, Member, Membership, Policy, Attachment, Creation, Handshake, Received);

/// By management account.
pub(crate) const ORGANIZATIONS: Keyspace<AccountId, Organization> =
    Keyspace::new("organizations.organization");
/// Management account, `ou-...`.
pub(crate) const UNITS: Keyspace<(AccountId, String), Unit> = Keyspace::new("organizations.unit");
/// Management account, account; the management account itself is one of them.
pub(crate) const MEMBERS: Keyspace<(AccountId, AccountId), Member> = Keyspace::new("organizations.member");
/// By account.
pub(crate) const MEMBERSHIPS: Keyspace<AccountId, Membership> = Keyspace::new("organizations.membership");
/// Management account, `p-...`; AWS's own policies are not in it.
pub(crate) const POLICIES: Keyspace<(AccountId, String), Policy> = Keyspace::new("organizations.policy");
/// Management account, kind, target, policy.
pub(crate) const ATTACHMENTS: Keyspace<(AccountId, String, String, String), Attachment> =
    Keyspace::new("organizations.attachment");
/// Management account, `car-...`.
pub(crate) const CREATIONS: Keyspace<(AccountId, String), Creation> = Keyspace::new("organizations.creation");
/// Management account, `h-...`.
pub(crate) const HANDSHAKES: Keyspace<(AccountId, String), Handshake> =
    Keyspace::new("organizations.handshake");
/// The account asked, `h-...`.
pub(crate) const RECEIVED: Keyspace<(AccountId, String), Received> = Keyspace::new("organizations.received");
