//! An organization as a tree: its root, units and accounts, and how they are named.

use std::collections::BTreeMap;

use mastic_core::{AccountId, Arn, Fault, Timestamp};
use mastic_store::{ReadTx, StoreError, WriteTx};

use crate::kind::{Kind, Managed};
use crate::records::{
    ATTACHMENTS, Attachment, MEMBERS, MEMBERSHIPS, Member, Membership, ORGANIZATIONS, Organization, POLICIES,
    Policy, Tags, UNITS, Unit,
};

/// Levels of units below the root at most ("Quotas and service limits for AWS Organizations").
pub(crate) const DEEPEST: usize = 5;

/// An organization and its management account.
#[derive(Debug, Clone)]
pub(crate) struct Org {
    pub(crate) management: AccountId,
    pub(crate) record: Organization,
}

/// What policies are attached to.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Root,
    Unit(Unit),
    Account(AccountId, Member),
}

/// A policy as answers carry it: AWS's or the organization's.
pub(crate) enum AnyPolicy {
    Aws(&'static Managed),
    Own(Policy),
}

impl Org {
    /// The organization that the account is in.
    pub(crate) fn of(tx: &ReadTx<'_>, account: &AccountId) -> Result<Option<Self>, StoreError> {
        match MEMBERSHIPS.get(tx, account)? {
            Some(membership) => Self::managed_by(tx, membership.management),
            None => Ok(None),
        }
    }

    pub(crate) fn managed_by(tx: &ReadTx<'_>, management: AccountId) -> Result<Option<Self>, StoreError> {
        Ok(ORGANIZATIONS.get(tx, &management)?.map(|record| Self { management, record }))
    }

    /// Reads the organization again, within a transaction.
    pub(crate) fn again(&self, tx: &ReadTx<'_>) -> Result<Self, Fault> {
        Self::managed_by(tx, self.management.clone())?
            .filter(|now| now.record.id == self.record.id)
            .ok_or_else(crate::faults::not_in_use)
    }

    pub(crate) fn save(&self, tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
        ORGANIZATIONS.put(tx, &self.management, &self.record)
    }

    fn named(&self, resource: &str) -> String {
        Arn::new("organizations", "", self.management.as_str(), resource).as_str().to_owned()
    }

    pub(crate) fn arn(&self) -> String {
        self.named(&format!("organization/{}", self.record.id))
    }

    /// The ARN of something in the organization: `self.arn_of("account", "111122223333")`.
    pub(crate) fn arn_of(&self, kind: &str, id: &str) -> String {
        self.named(&format!("{kind}/{}/{id}", self.record.id))
    }

    /// The ARN of a policy that the organization wrote.
    pub(crate) fn policy_arn(&self, kind: Kind, id: &str) -> String {
        self.named(&format!("policy/{}/{}/{id}", self.record.id, kind.path()))
    }

    /// The ARN of a root, unit or account, by its id, whether there is one or not.
    pub(crate) fn node_arn(&self, id: &str) -> String {
        let kind = if id.starts_with("r-") {
            "root"
        } else if id.starts_with("ou-") {
            "ou"
        } else {
            "account"
        };
        self.arn_of(kind, id)
    }

    pub(crate) fn node(&self, tx: &ReadTx<'_>, id: &str) -> Result<Option<Node>, StoreError> {
        if id == self.record.root {
            return Ok(Some(Node::Root));
        }
        if let Ok(account) = id.parse::<AccountId>() {
            return Ok(self.member(tx, &account)?.map(|member| Node::Account(account, member)));
        }
        Ok(self.unit(tx, id)?.map(Node::Unit))
    }

    pub(crate) fn unit(&self, tx: &ReadTx<'_>, id: &str) -> Result<Option<Unit>, StoreError> {
        UNITS.get(tx, &(&self.management, id))
    }

    pub(crate) fn member(&self, tx: &ReadTx<'_>, account: &AccountId) -> Result<Option<Member>, StoreError> {
        MEMBERS.get(tx, &(&self.management, account))
    }

    pub(crate) fn save_member(
        &self,
        tx: &mut WriteTx<'_>,
        account: &AccountId,
        member: &Member,
    ) -> Result<(), StoreError> {
        MEMBERS.put(tx, &(&self.management, account), member)
    }

    pub(crate) fn units(&self, tx: &ReadTx<'_>) -> Result<Vec<(String, Unit)>, StoreError> {
        let rows = UNITS.scan_prefix(tx, (&self.management,));
        rows.map(|row| row.map(|((_, id), unit)| (id, unit))).collect()
    }

    pub(crate) fn members(&self, tx: &ReadTx<'_>) -> Result<Vec<(AccountId, Member)>, StoreError> {
        let rows = MEMBERS.scan_prefix(tx, (&self.management,));
        rows.map(|row| row.map(|((_, account), member)| (account, member))).collect()
    }

    /// Whether the id is one that accounts and units can lie under.
    pub(crate) fn is_parent(&self, tx: &ReadTx<'_>, id: &str) -> Result<bool, StoreError> {
        Ok(matches!(self.node(tx, id)?, Some(Node::Root | Node::Unit(_))))
    }

    /// The ids from the root down to what is named, which is last.
    pub(crate) fn line(&self, tx: &ReadTx<'_>, id: &str) -> Result<Vec<String>, StoreError> {
        let mut line = vec![id.to_owned()];
        let mut parent = match self.node(tx, id)? {
            Some(Node::Unit(unit)) => Some(unit.parent),
            Some(Node::Account(_, member)) => Some(member.parent),
            _ => None,
        };
        while let Some(id) = parent {
            parent = self.unit(tx, &id)?.map(|unit| unit.parent);
            line.push(id);
        }
        line.reverse();
        Ok(line)
    }

    /// `o-.../r-.../ou-.../` down to what is named.
    pub(crate) fn path(&self, tx: &ReadTx<'_>, id: &str) -> Result<String, StoreError> {
        let line = self.line(tx, id)?;
        Ok(format!("{}/{}/", self.record.id, line.join("/")))
    }

    /// The policy of this id, AWS's or the organization's.
    pub(crate) fn policy(&self, tx: &ReadTx<'_>, id: &str) -> Result<Option<AnyPolicy>, StoreError> {
        match Managed::find(id) {
            Some(managed) => Ok(Some(AnyPolicy::Aws(managed))),
            None => Ok(POLICIES.get(tx, &(&self.management, id))?.map(AnyPolicy::Own)),
        }
    }

    /// Gives something new in the tree AWS's policy of each kind that is enabled.
    pub(crate) fn attach_defaults(&self, tx: &mut WriteTx<'_>, target: &str) -> Result<(), StoreError> {
        for kind in &self.record.enabled {
            let key = (&self.management, kind.path(), target, kind.managed().id);
            ATTACHMENTS.put(tx, &key, &Attachment {})?;
        }
        Ok(())
    }

    /// Takes all policies off what leaves the tree.
    pub(crate) fn detach_all(&self, tx: &mut WriteTx<'_>, target: &str) -> Result<(), StoreError> {
        for kind in Kind::ALL {
            ATTACHMENTS.clear(tx, ATTACHMENTS.prefix((&self.management, kind.path(), target)))?;
        }
        Ok(())
    }

    /// Makes an account a member, at the root.
    pub(crate) fn take_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: &AccountId,
        (invited, joined, tags): (bool, Timestamp, Tags),
    ) -> Result<(), StoreError> {
        let parent = self.record.root.clone();
        let member = Member { parent, invited, joined, tags, administers: BTreeMap::new() };
        self.save_member(tx, account, &member)?;
        MEMBERSHIPS.put(tx, account, &Membership { management: self.management.clone() })?;
        self.attach_defaults(tx, account.as_str())
    }

    /// Forgets an account that leaves.
    pub(crate) fn let_go(&self, tx: &mut WriteTx<'_>, account: &AccountId) -> Result<(), StoreError> {
        MEMBERS.delete(tx, &(&self.management, account))?;
        MEMBERSHIPS.delete(tx, account)?;
        self.detach_all(tx, account.as_str())
    }
}

impl Node {
    pub(crate) fn tags(&self, org: &Org) -> Tags {
        match self {
            Self::Root => org.record.root_tags.clone(),
            Self::Unit(unit) => unit.tags.clone(),
            Self::Account(_, member) => member.tags.clone(),
        }
    }
}
