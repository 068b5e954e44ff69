//! What principals really did, by the audit trail.

use std::collections::{BTreeMap, BTreeSet};

use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::{AuditRecord, Ctx, Identity};

/// The user or role behind a call.
fn principal(record: &AuditRecord) -> Option<&str> {
    match &record.caller.identity {
        Identity::User { arn, .. } => Some(arn.as_str()),
        Identity::Session(session) => Some(session.role_arn.as_str()),
        _ => None,
    }
}

/// What one principal was allowed to do, with which resources.
pub(crate) async fn of_one(
    ctx: &Ctx,
    account: &AccountId,
    arn: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<BTreeMap<String, BTreeSet<String>>, Fault> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let see = |record: AuditRecord| {
        if principal(&record) != Some(arn) {
            return;
        }
        for decision in record.decisions.iter().filter(|decision| decision.allowed) {
            let need = &decision.need;
            all.entry(need.action.clone()).or_default().insert(need.resource.clone());
        }
    };
    ctx.kernel().audit_between(account, from, to, see).await?;
    Ok(all)
}
