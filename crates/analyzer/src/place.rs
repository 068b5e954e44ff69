//! ARNs of analyzers and archive rules.

use mastic_core::{AccountId, Arn, Fault, Region};
use mastic_kernel::{Call, Ctx};

use crate::faults::{not_found, validation};

/// The ARN of an analyzer.
pub(crate) fn analyzer(account: &AccountId, region: &Region, name: &str) -> String {
    let resource = format!("analyzer/{name}");
    Arn::new("access-analyzer", region.as_str(), account.as_str(), &resource).to_string()
}

/// The ARN of an archive rule.
pub(crate) fn rule(account: &AccountId, region: &Region, analyzer: &str, rule: &str) -> String {
    let resource = format!("analyzer/{analyzer}/archive-rule/{rule}");
    Arn::new("access-analyzer", region.as_str(), account.as_str(), &resource).to_string()
}

/// The caller's account.
pub(crate) fn account(call: &Call) -> Result<&AccountId, Fault> {
    call.caller.account.as_ref().ok_or_else(|| Fault::sender("AccessDeniedException", "Access Denied"))
}

/// The name of the caller's own analyzer in this region that an ARN names.
pub(crate) fn name_of(ctx: &Ctx, arn: &str) -> Result<String, Fault> {
    let parsed: Arn = arn.parse().map_err(|_| validation(format!("Invalid analyzer ARN: {arn}")))?;
    let name = parsed.resource().strip_prefix("analyzer/");
    let own = parsed.service() == "access-analyzer"
        && parsed.account() == ctx.account()?.as_str()
        && parsed.region() == ctx.region().as_str();
    match name {
        Some(name) if own => Ok(name.to_owned()),
        _ => Err(not_found(format!("Analyzer not found: {arn}"))),
    }
}
