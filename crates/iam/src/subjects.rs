//! Whom a report on last access is about: the policies that give access, and who could make use of them.

use mastic_api_iam::iam::types::EntityInfo;
use mastic_core::{AccountId, Arn, Fault};
use mastic_kernel::Ctx;
use mastic_policy::{Attached, Document, Label, PolicyKind};
use mastic_store::ReadTx;

use crate::entities::PERMISSIONS;
use crate::faults::{invalid_input, no_entity};
use crate::last_accessed::owner_type;
use crate::names::{folded, split};
use crate::records::{Base, Entity, MEMBERS, ROLES, Role, USERS, USES, User};
use crate::{Iam, policies};

/// A user, group, role or policy.
pub(crate) struct Subject {
    /// Those that give access; boundaries and the like do not.
    pub(crate) policies: Vec<Attached>,
    pub(crate) entities: Vec<Who>,
}

/// A user or role.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Who {
    kind: &'static str,
    pub(crate) arn: String,
    name: String,
    pub(crate) id: String,
    path: String,
}

impl Who {
    fn new<E: Entity>(account: &AccountId, base: &Base) -> Self {
        Self {
            kind: E::KIND,
            arn: base.arn(account, E::KIND).to_string(),
            name: base.name.clone(),
            id: base.id.clone(),
            path: base.path.clone(),
        }
    }

    /// As answers carry it.
    pub(crate) fn shown(&self) -> EntityInfo {
        EntityInfo {
            arn: self.arn.clone(),
            name: self.name.clone(),
            r#type: owner_type(self.kind),
            id: self.id.clone(),
            path: Some(self.path.clone()),
        }
    }
}

/// What the ARN names.
pub(crate) fn subject(iam: &Iam, ctx: &Ctx, text: &str) -> Result<Subject, Fault> {
    let account = ctx.account()?;
    let invalid = || invalid_input(format!("ARN {text} is not valid."));
    let arn = text.parse::<Arn>().map_err(|_| invalid())?;
    let (kind, name) = match split(arn.resource()) {
        Some((kind @ ("user" | "group" | "role" | "policy"), _, name)) if arn.service() == "iam" => {
            (kind, name)
        }
        _ => return Err(invalid()),
    };
    if kind == "policy" {
        return ctx.read(|tx| of_policy(tx, account, text));
    }
    let own = arn.account() == account.as_str();
    let known = if own { iam.known(&arn)? } else { None };
    let policies = known.map(|known| known.identity.clone()).ok_or_else(|| no_entity(kind, name))?;
    let key = (account, folded(name));
    let entities = ctx.read(|tx| {
        Ok::<_, Fault>(match kind {
            "group" => members(tx, account, &key.1)?,
            "role" => ROLES.get(tx, &key)?.iter().map(|role| Who::new::<Role>(account, &role.base)).collect(),
            _ => USERS.get(tx, &key)?.iter().map(|user| Who::new::<User>(account, &user.base)).collect(),
        })
    })?;
    Ok(Subject { policies, entities })
}

fn members(tx: &ReadTx<'_>, account: &AccountId, group: &str) -> Result<Vec<Who>, Fault> {
    let mut members = Vec::new();
    for row in MEMBERS.scan_prefix(tx, (account, group)) {
        let ((_, _, key), _) = row?;
        members.extend(
            USERS.get(tx, &(account, key.as_str()))?.map(|user| Who::new::<User>(account, &user.base)),
        );
    }
    Ok(members)
}

/// A policy, and all who have it, be it through a group.
fn of_policy(tx: &ReadTx<'_>, account: &AccountId, arn: &str) -> Result<Subject, Fault> {
    policies::check_arn(arn)?;
    let policy = policies::find(tx, account, arn)?.ok_or_else(|| policies::not_found(arn))?;
    let label = Label {
        account: None,
        kind: PolicyKind::Managed,
        name: policy.name().to_owned(),
        arn: Some(arn.to_owned()),
        attached_to: String::new(),
    };
    let document = Document::parse(policy.document()).map_err(Fault::internal)?;
    let mut entities: Vec<Who> = Vec::new();
    for row in USES.scan_prefix(tx, (account, arn, PERMISSIONS)) {
        let ((_, _, _, kind, key), _) = row?;
        let at = (account, key.as_str());
        let found = match kind.as_str() {
            "group" => members(tx, account, &key)?,
            "role" => ROLES.get(tx, &at)?.iter().map(|role| Who::new::<Role>(account, &role.base)).collect(),
            _ => USERS.get(tx, &at)?.iter().map(|user| Who::new::<User>(account, &user.base)).collect(),
        };
        for who in found {
            if !entities.contains(&who) {
                entities.push(who);
            }
        }
    }
    Ok(Subject { policies: vec![Attached::new(label, document)], entities })
}
