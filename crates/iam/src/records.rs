//! What is stored of principals, policies and keys.

use std::collections::BTreeMap;

use mastic_core::{AccountId, Arn, Timestamp};
use mastic_kernel::Federation;
use mastic_store::{Keyspace, Record};
use serde::{Deserialize, Serialize};

use crate::sealed::Sealed;

/// An account of this server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) name: String,
    /// The root user's address, where one was given.
    #[serde(default)]
    pub(crate) email: Option<String>,
    pub(crate) management: bool,
    pub(crate) created: Timestamp,
    /// When it was closed; its credentials are refused since.
    #[serde(default)]
    pub(crate) closed: Option<Timestamp>,
    /// The access keys of the root user, oldest first.
    pub(crate) keys: Vec<String>,
}

/// What users, groups and roles have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Base {
    pub(crate) name: String,
    /// `/` or `/a/b/`.
    pub(crate) path: String,
    /// `AIDA...`, `AGPA...`, `AROA...`.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    /// ARNs of the attached managed policies, in the order in which they were attached.
    pub(crate) attached: Vec<String>,
    /// Inline policies by name, as they were given.
    pub(crate) inline: BTreeMap<String, String>,
    /// The ARN of the permissions boundary; groups have none.
    pub(crate) boundary: Option<String>,
    /// Groups have none.
    pub(crate) tags: BTreeMap<String, String>,
}

/// An IAM user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) base: Base,
    /// The groups that the user is in, as keys of [`GROUPS`].
    pub(crate) groups: Vec<String>,
    /// The user's access keys, oldest first.
    pub(crate) keys: Vec<String>,
}

/// A group of users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) base: Base,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) base: Base,
    /// The trust policy as it was given.
    pub(crate) trust: String,
    pub(crate) description: Option<String>,
    /// Seconds.
    pub(crate) max_session: i32,
    /// The service that the role is linked to, which alone may change it.
    pub(crate) service: Option<String>,
}

/// One version of a managed policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) number: u32,
    pub(crate) document: String,
    pub(crate) created: Timestamp,
}

/// A customer-managed policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) path: String,
    /// `ANPA...`.
    pub(crate) id: String,
    pub(crate) description: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// The number of the version in force.
    pub(crate) default: u32,
    /// The number that the next version gets; numbers are never used twice.
    pub(crate) next: u32,
    /// Oldest first.
    pub(crate) versions: Vec<Version>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// A long-term access key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AccessKey {
    pub(crate) account: AccountId,
    /// The user's key in [`USERS`]; none for the root user.
    pub(crate) user: Option<String>,
    pub(crate) secret: Sealed,
    pub(crate) active: bool,
    pub(crate) created: Timestamp,
}

/// When a key or role was last used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LastUsed {
    pub(crate) time: Timestamp,
    pub(crate) service: String,
    pub(crate) region: String,
}

/// Temporary credentials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) account: AccountId,
    pub(crate) secret: Sealed,
    pub(crate) token: Sealed,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
    /// When the holder proved an MFA device for it, if it did.
    #[serde(default)]
    pub(crate) mfa: Option<Timestamp>,
    /// Whether it was given at sign-in.
    #[serde(default)]
    pub(crate) signed_in: bool,
    pub(crate) holder: Holder,
}

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Holder {
    /// The root user's, by `GetSessionToken`.
    Root,
    /// A user's, by `GetSessionToken`; the key in [`USERS`] and the unique id.
    User { key: String, id: String },
    /// A role's.
    Role(Box<Assumed>),
    /// That of `GetFederationToken`.
    Federated(Box<FederatedUser>),
}

/// A role assumed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Assumed {
    pub(crate) role: Arn,
    pub(crate) role_id: String,
    pub(crate) name: String,
    pub(crate) policies: Vec<String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// Of these tags, those that a further role takes over.
    pub(crate) transitive: Vec<String>,
    pub(crate) source_identity: Option<String>,
    pub(crate) service: Option<String>,
    /// The run's id, and whether its writes are staged.
    pub(crate) run: Option<(String, bool)>,
    /// Who vouched for whoever assumed it, if it was an identity provider.
    #[serde(default)]
    pub(crate) federation: Option<Box<Federation>>,
}

/// Somebody for whom a user or the root user made a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FederatedUser {
    /// The maker: the key in [`USERS`] and the unique id; none for the root user.
    pub(crate) maker: Option<(String, String)>,
    pub(crate) name: String,
    pub(crate) policies: Vec<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// Where a user is to be found whose key was another once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Renamed {
    pub(crate) key: String,
}

/// A row that says all by its key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mark {}

macro_rules! records {
    ($($type:ty),*) => { $(impl Record for $type { const VERSION: u16 = 1; })* };
}
records!(Account, User, Renamed, Group, Role, Policy, AccessKey, LastUsed, Session, Mark);

/// The accounts of this server.
pub(crate) const ACCOUNTS: Keyspace<AccountId, Account> = Keyspace::new("iam.account");
/// Account, and the user's name in lower case: names differ in more than case.
pub(crate) const USERS: Keyspace<(AccountId, String), User> = Keyspace::new("iam.user");
/// Account and unique id of a user who was renamed: the key in [`USERS`] today.
pub(crate) const RENAMED: Keyspace<(AccountId, String), Renamed> = Keyspace::new("iam.renamed_user");
/// As [`USERS`].
pub(crate) const GROUPS: Keyspace<(AccountId, String), Group> = Keyspace::new("iam.group");
/// As [`USERS`].
pub(crate) const ROLES: Keyspace<(AccountId, String), Role> = Keyspace::new("iam.role");
/// As [`USERS`].
pub(crate) const POLICIES: Keyspace<(AccountId, String), Policy> = Keyspace::new("iam.policy");
/// Account, group, user: who is in a group.
pub(crate) const MEMBERS: Keyspace<(AccountId, String, String), Mark> = Keyspace::new("iam.member");
/// Account, policy ARN, usage, kind of entity, entity: where a managed policy is used.
pub(crate) const USES: Keyspace<(AccountId, String, String, String, String), Mark> = Keyspace::new("iam.use");
/// By id alone: a signature tells nothing but this.
pub(crate) const KEYS: Keyspace<String, AccessKey> = Keyspace::new("iam.key");
/// Apart from the keys, so that noting a use does not look like a change of keys.
pub(crate) const KEYS_USED: Keyspace<String, LastUsed> = Keyspace::new("iam.key_used");
/// By the role's unique id.
pub(crate) const ROLES_USED: Keyspace<String, LastUsed> = Keyspace::new("iam.role_used");
/// By access key id, as [`KEYS`].
pub(crate) const SESSIONS: Keyspace<String, Session> = Keyspace::new("sts.session");
/// When sessions end, for the sweep.
pub(crate) const EXPIRIES: Keyspace<(Timestamp, String), Mark> = Keyspace::new("sts.expiry");
/// The run's id and the access key id.
pub(crate) const RUN_SESSIONS: Keyspace<(String, String), Mark> = Keyspace::new("sts.run_session");

/// Users, groups and roles, as far as policies are attached to them alike.
pub(crate) trait Entity: Record + Clone + Send + 'static {
    /// `user`, `group` or `role`: in ARNs and messages.
    const KIND: &'static str;
    /// What the unique id begins with.
    const ID_PREFIX: &'static str;
    /// How many characters its inline policies may have together (IAM and STS quotas).
    const INLINE_QUOTA: usize;
    /// The name of the quota of attached policies.
    const ATTACHED_QUOTA: &'static str;
    /// How many an account may have, and the name of that quota.
    const ACCOUNT_QUOTA: usize;
    const ACCOUNT_QUOTA_NAME: &'static str;
    /// Where it lies.
    const SPACE: Keyspace<(AccountId, String), Self>;

    fn base(&self) -> &Base;
    fn base_mut(&mut self) -> &mut Base;

    /// Whether AWS alone may change it.
    fn protected(&self) -> bool {
        false
    }

    /// The document that tells who may take its place.
    fn trust(&self) -> Option<&str> {
        None
    }
}

macro_rules! entity {
    ($type:ty, $kind:literal, $prefix:literal, $inline:literal, $quota:literal, $most:literal $name:literal, $space:expr
        $(, $protected:expr, $trust:expr)?) => {
        impl Entity for $type {
            const KIND: &'static str = $kind;
            const ID_PREFIX: &'static str = $prefix;
            const INLINE_QUOTA: usize = $inline;
            const ATTACHED_QUOTA: &'static str = $quota;
            const ACCOUNT_QUOTA: usize = $most;
            const ACCOUNT_QUOTA_NAME: &'static str = $name;
            const SPACE: Keyspace<(AccountId, String), Self> = $space;

            fn base(&self) -> &Base {
                &self.base
            }

            fn base_mut(&mut self) -> &mut Base {
                &mut self.base
            }

            $(fn protected(&self) -> bool {
                $protected(self)
            }

            fn trust(&self) -> Option<&str> {
                let trust: fn(&Self) -> Option<&str> = $trust;
                trust(self)
            })?
        }
    };
}

entity!(User, "user", "AIDA", 2048, "PoliciesPerUser", 5000 "UsersPerAccount", USERS);
entity!(Group, "group", "AGPA", 5120, "PoliciesPerGroup", 300 "GroupsPerAccount", GROUPS);
entity!(
    Role,
    "role",
    "AROA",
    10240,
    "PoliciesPerRole",
    1000 "RolesPerAccount",
    ROLES,
    |role: &Role| role.service.is_some(),
    |role| Some(&role.trust)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_before_can_be_read() {
        let old = r#"{"account":"111122223333","secret":"c2VhbGVk","token":"c2VhbGVk","issued":1,"expires":2,
            "holder":{"Role":{"role":"arn:aws:iam::111122223333:role/r","role_id":"AROA","name":"s","policies":[],
            "tags":{},"transitive":[],"source_identity":null,"service":null,"run":null}}}"#;
        let session: Session = serde_json::from_str(old).unwrap();
        assert_eq!(session.mfa, None);
        assert!(matches!(session.holder, Holder::Role(assumed) if assumed.federation.is_none()));
    }
}
