//! Users and roles as decisions need them: with all their policies parsed.

use std::collections::BTreeMap;
use std::sync::Arc;

use mastic_core::{AccountId, Arn, Fault};
use mastic_kernel::ports::PrincipalTags;
use mastic_kernel::tags::Tags;
use mastic_kernel::{Caller, Identity};
use mastic_policy::{Attached, Label, PolicyKind};
use mastic_store::ReadTx;

use crate::names::{find_arn, folded, split};
use crate::policies;
use crate::records::{Base, Entity, GROUPS, Group, POLICIES, ROLES, Role, USERS, User};
use crate::{Iam, names, people, profiles, providers};

/// A user or role and the policies that bear on it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) identity: Vec<Attached>,
    pub(crate) boundary: Option<Attached>,
    /// Who may assume the role; none for a user.
    pub(crate) trust: Option<Attached>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// An IAM resource that a need names, as far as conditions may speak of it.
pub(crate) struct Target {
    /// With the path that the request did not know.
    pub(crate) arn: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) boundary: Option<String>,
}

impl PrincipalTags for Iam {
    fn of_caller(&self, caller: &Caller) -> Result<Tags, Fault> {
        let arn = match &caller.identity {
            Identity::User { arn, .. } => arn,
            Identity::Session(session) => &session.role_arn,
            _ => return Ok(Tags::new()),
        };
        Ok(self.known(arn)?.map(|known| known.tags.clone()).unwrap_or_default())
    }
}

impl Iam {
    /// When anything last changed that a [`Known`] is made of.
    pub(crate) fn generation(&self) -> u64 {
        [USERS.name(), GROUPS.name(), ROLES.name(), POLICIES.name()]
            .into_iter()
            .map(|keyspace| self.background.generation(keyspace))
            .max()
            .unwrap_or(0)
    }

    /// The user or role of this ARN.
    pub(crate) fn known(&self, arn: &Arn) -> Result<Option<Arc<Known>>, Fault> {
        let generation = self.generation();
        self.principals.get(generation, arn.as_str(), || {
            self.background.read(|tx| {
                Ok(match split(arn.resource()) {
                    Some(("user", ..)) => find_arn::<User>(tx, arn)?.map(|user| self.user(tx, arn, user)),
                    Some(("group", ..)) => {
                        find_arn::<Group>(tx, arn)?.map(|group| self.group(tx, arn, group))
                    }
                    Some(("role", ..)) => find_arn::<Role>(tx, arn)?.map(|role| self.role(tx, arn, &role)),
                    _ => None,
                }
                .transpose()?
                .map(Arc::new))
            })
        })
    }

    fn user(&self, tx: &ReadTx<'_>, arn: &Arn, user: User) -> Result<Known, Fault> {
        let mut gathered = Vec::new();
        self.gather(tx, &mut gathered, arn, &user.base)?;
        if let Some(account) = arn.account_id() {
            for key in &user.groups {
                if let Some(group) = GROUPS.get(tx, &(&account, key))? {
                    self.gather(tx, &mut gathered, &group.base.arn(&account, Group::KIND), &group.base)?;
                }
            }
        }
        self.finish(tx, arn, user.base, gathered)
    }

    /// A group calls nobody, but what its policies say can be simulated.
    fn group(&self, tx: &ReadTx<'_>, arn: &Arn, group: Group) -> Result<Known, Fault> {
        let mut gathered = Vec::new();
        self.gather(tx, &mut gathered, arn, &group.base)?;
        self.finish(tx, arn, group.base, gathered)
    }

    fn role(&self, tx: &ReadTx<'_>, arn: &Arn, role: &Role) -> Result<Known, Fault> {
        let mut gathered = Vec::new();
        self.gather(tx, &mut gathered, arn, &role.base)?;
        let label = Label {
            account: arn.account_id(),
            kind: PolicyKind::Trust,
            name: role.base.name.clone(),
            arn: None,
            attached_to: arn.to_string(),
        };
        let trust = self.documents.parse(&role.trust).map_err(Fault::internal)?;
        let known = self.finish(tx, arn, role.base.clone(), gathered)?;
        Ok(Known { trust: Some(Attached { label: Arc::new(label), document: trust }), ..known })
    }

    fn finish(
        &self,
        tx: &ReadTx<'_>,
        arn: &Arn,
        base: Base,
        identity: Vec<Attached>,
    ) -> Result<Known, Fault> {
        let mut boundaries = Vec::new();
        if let Some(boundary) = &base.boundary {
            self.managed(tx, &mut boundaries, arn, boundary)?;
        }
        Ok(Known { id: base.id, identity, boundary: boundaries.pop(), trust: None, tags: base.tags })
    }

    /// The policies attached to and inside of one user, group or role.
    fn gather(&self, tx: &ReadTx<'_>, into: &mut Vec<Attached>, arn: &Arn, base: &Base) -> Result<(), Fault> {
        for policy in &base.attached {
            self.managed(tx, into, arn, policy)?;
        }
        for (name, document) in &base.inline {
            let label = Label {
                account: arn.account_id(),
                kind: PolicyKind::Inline,
                name: name.clone(),
                arn: None,
                attached_to: arn.to_string(),
            };
            self.add(into, label, document)?;
        }
        Ok(())
    }

    fn managed(
        &self,
        tx: &ReadTx<'_>,
        into: &mut Vec<Attached>,
        arn: &Arn,
        policy: &str,
    ) -> Result<(), Fault> {
        let Some(account) = arn.account_id() else { return Ok(()) };
        // A policy in use cannot be deleted, so a missing one means a damaged store; deciding
        // without it could allow what it denies.
        let managed = policies::find(tx, &account, policy)?
            .ok_or_else(|| Fault::internal(format!("policy {policy} of {arn} is missing")))?;
        let label = Label {
            account: policy.parse::<Arn>().ok().and_then(|arn| arn.account_id()),
            kind: PolicyKind::Managed,
            name: managed.name().to_owned(),
            arn: Some(policy.to_owned()),
            attached_to: arn.to_string(),
        };
        self.add(into, label, managed.document())
    }

    fn add(&self, into: &mut Vec<Attached>, label: Label, document: &str) -> Result<(), Fault> {
        let document = self.documents.parse(document).map_err(Fault::internal)?;
        into.push(Attached { label: Arc::new(label), document });
        Ok(())
    }

    /// The IAM resource of this ARN, which may lack its path.
    pub(crate) fn target(&self, arn: &str) -> Result<Option<Target>, Fault> {
        let Ok(arn) = arn.parse::<Arn>() else { return Ok(None) };
        let (Some(account), Some((kind, _, name))) = (arn.account_id(), split(arn.resource())) else {
            return Ok(None);
        };
        self.background.read(|tx| {
            Ok(match kind {
                "user" => names::find::<User>(tx, &account, name)?.map(|user| target(&account, &user)),
                "group" => names::find::<Group>(tx, &account, name)?.map(|group| target(&account, &group)),
                "role" => names::find::<Role>(tx, &account, name)?.map(|role| target(&account, &role)),
                "instance-profile" => profiles::find(tx, &account, name)?.map(|profile| Target {
                    arn: profile.arn(&account),
                    tags: profile.tags,
                    boundary: None,
                }),
                "policy" => POLICIES
                    .get(tx, &(&account, folded(name)))?
                    .filter(|policy| policies::arn(&account, policy) == arn.as_str())
                    .map(|policy| Target { arn: arn.to_string(), tags: policy.tags, boundary: None }),
                people::certificates::KIND => people::certificates::target(tx, &account, name)?,
                "mfa" => people::mfa::tags_of(tx, &arn)?.map(|tags| Target {
                    arn: arn.to_string(),
                    tags,
                    boundary: None,
                }),
                "oidc-provider" | "saml-provider" => providers::tags_of(tx, &arn)?.map(|tags| Target {
                    arn: arn.to_string(),
                    tags,
                    boundary: None,
                }),
                _ => None,
            })
        })
    }
}

fn target<E: Entity>(account: &AccountId, entity: &E) -> Target {
    let base = entity.base();
    Target {
        arn: base.arn(account, E::KIND).to_string(),
        tags: base.tags.clone(),
        boundary: base.boundary.clone(),
    }
}
