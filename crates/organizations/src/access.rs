//! Who may call what.
//!
//! Which ARNs a call is about depends on the caller's organization, so no operation's access can be told from its input
//! alone: handlers come in through [`enter`] or [`enter_any`], which ask IAM first and the organization then.

use mastic_core::{AccountId, Fault};
use mastic_kernel::{Ctx, Need};
use mastic_shape::Op;
use mastic_store::{ReadTx, StoreError};

use crate::faults;
use crate::kind::Kind;
use crate::records::{MEMBERS, Tags};
use crate::tree::{AnyPolicy, Org};

/// Whose principals an operation serves, besides the management account's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nobody's.
    Management,
    /// Those of accounts that the organization's resource policy admits.
    Delegates,
    /// These, and those of accounts that administer a service for the organization.
    Readers,
    /// Those of every account of the organization.
    Members,
}

/// What a call is about.
pub(crate) struct About<'a> {
    org: &'a Org,
    tx: &'a ReadTx<'a>,
    needs: Vec<(String, Tags)>,
    context: Vec<(String, Vec<String>)>,
}

impl About<'_> {
    /// A root, unit or account.
    pub(crate) fn node(&mut self, id: &str) -> Result<(), StoreError> {
        let tags = self.org.node(self.tx, id)?.map(|node| node.tags(self.org)).unwrap_or_default();
        self.needs.push((self.org.node_arn(id), tags));
        Ok(())
    }

    /// A policy, whose type is a condition key.
    pub(crate) fn policy(&mut self, id: &str) -> Result<(), StoreError> {
        let (arn, tags, kind) = match self.org.policy(self.tx, id)? {
            Some(AnyPolicy::Aws(managed)) => (managed.arn(), Tags::new(), managed.kind),
            Some(AnyPolicy::Own(policy)) => (self.org.policy_arn(policy.kind, id), policy.tags, policy.kind),
            None => (self.org.policy_arn(Kind::ServiceControl, id), Tags::new(), Kind::ServiceControl),
        };
        self.needs.push((arn, tags));
        self.kind(Some(kind.shown().as_str()));
        Ok(())
    }

    /// A resource by its ARN.
    pub(crate) fn arn(&mut self, arn: String, tags: Tags) {
        self.needs.push((arn, tags));
    }

    /// The organization, whose ids are in ARNs.
    pub(crate) fn org(&self) -> &Org {
        self.org
    }

    /// `organizations:PolicyType`.
    pub(crate) fn kind(&mut self, kind: Option<&'static str>) {
        self.context.extend(kind.map(|kind| ("organizations:PolicyType".to_owned(), vec![kind.to_owned()])));
    }

    /// `organizations:ServicePrincipal`.
    pub(crate) fn service(&mut self, service: &str) {
        self.context.push(("organizations:ServicePrincipal".to_owned(), vec![service.to_owned()]));
    }

    /// `aws:RequestTag/...` and `aws:TagKeys`.
    pub(crate) fn request_tags(&mut self, tags: Option<&[mastic_api_iam::organizations::types::Tag]>) {
        let tags = tags.unwrap_or_default();
        for tag in tags {
            self.context.push((format!("aws:RequestTag/{}", tag.key), vec![tag.value.clone()]));
        }
        self.tag_keys(tags.iter().map(|tag| tag.key.clone()).collect());
    }

    /// `aws:TagKeys`.
    pub(crate) fn tag_keys(&mut self, keys: Vec<String>) {
        if !keys.is_empty() {
            self.context.push(("aws:TagKeys".to_owned(), keys));
        }
    }

    fn needs(self, action: &str) -> Vec<Need> {
        let resources = if self.needs.is_empty() { vec![("*".to_owned(), Tags::new())] } else { self.needs };
        let mut needs = Vec::with_capacity(resources.len());
        for (resource, tags) in resources {
            let mut need = Need::new(action, resource);
            for (key, value) in tags {
                need = need.with(format!("aws:ResourceTag/{key}"), [value]);
            }
            need.context.extend(self.context.iter().cloned());
            needs.push(need);
        }
        needs
    }
}

/// Lets a call in that is about the caller's organization.
///
/// # Errors
/// IAM's denial; AWS's `AccessDeniedException` for a caller whom the organization does not admit; that
/// the caller is in no organization.
pub(crate) fn enter<O: Op>(
    ctx: &Ctx,
    reach: Reach,
    about: impl FnOnce(&mut About<'_>) -> Result<(), StoreError>,
) -> Result<Org, Fault> {
    enter_any::<O>(ctx, reach, about)?.ok_or_else(faults::not_in_use)
}

/// Lets a call in whose caller may be in no organization.
///
/// # Errors
/// As [`enter`], but for the last.
pub(crate) fn enter_any<O: Op>(
    ctx: &Ctx,
    reach: Reach,
    about: impl FnOnce(&mut About<'_>) -> Result<(), StoreError>,
) -> Result<Option<Org>, Fault> {
    let action = O::operation().action;
    let account = ctx.account()?.clone();
    let (org, needs, administers) = ctx.read(|tx| {
        let Some(org) = Org::of(tx, &account)? else {
            return Ok::<_, StoreError>((None, vec![Need::new(action, "*")], false));
        };
        let mut subject = About { org: &org, tx, needs: Vec::new(), context: Vec::new() };
        about(&mut subject)?;
        let needs = subject.needs(action);
        let member = MEMBERS.get(tx, &(&org.management, &account))?;
        Ok((Some(org), needs, member.is_some_and(|member| !member.administers.is_empty())))
    })?;
    // The caller's own policies decide first, whosever the organization is.
    let own: Vec<Need> = needs.iter().map(|need| need.clone().owned_by(account.clone())).collect();
    ctx.authorize(&own)?;
    let Some(org) = org else { return Ok(None) };
    let admitted = org.management == account
        || reach == Reach::Members
        || (reach == Reach::Readers && administers)
        || (reach != Reach::Management && delegated(ctx, &org, needs)?);
    if admitted { Ok(Some(org)) } else { Err(faults::denied()) }
}

/// Whether the organization's resource policy admits the caller.
fn delegated(ctx: &Ctx, org: &Org, needs: Vec<Need>) -> Result<bool, Fault> {
    if org.record.delegation.is_none() {
        return Ok(false);
    }
    for mut need in needs {
        if need.resource == "*" {
            need.resource = org.arn();
        }
        if !ctx.allowed(&need.owned_by(org.management.clone()))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// As [`enter`], for what is only about the organization as a whole.
pub(crate) fn enter_whole<O: Op>(ctx: &Ctx, reach: Reach) -> Result<Org, Fault> {
    enter::<O>(ctx, reach, |_| Ok(()))
}

/// As [`enter`], for one root, unit or account.
pub(crate) fn enter_node<O: Op>(ctx: &Ctx, reach: Reach, id: &str) -> Result<Org, Fault> {
    enter::<O>(ctx, reach, |about| about.node(id))
}

/// An account id of a request, which the model's pattern has passed.
pub(crate) fn account_id(text: &str) -> Result<AccountId, Fault> {
    text.parse().map_err(|_| faults::no_account())
}
