//! `AssumeRole`.

use mastic_api_iam::sts::types as t;
use mastic_core::{Arn, Fault};
use mastic_kernel::{Ctx, Identity, Need};

use super::grant::{Granted, Limits, Tags, duration};
use super::{proven_by_device, shown};
use crate::Iam;
use crate::faults::{denied, validation};
use crate::names::find_arn;
use crate::records::{Assumed, Holder, Role};

/// Seconds of a session of a role assumed by a session ("Role chaining").
const CHAINED: i32 = 3600;

/// What an assumption asks the role's trust policy for besides itself.
pub(super) struct Asked<'a> {
    pub(super) action: &'static str,
    pub(super) role: &'a str,
    pub(super) session_name: &'a str,
    pub(super) source_identity: Option<&'a str>,
    pub(super) tags: &'a Tags,
    /// Further condition keys.
    pub(super) context: Vec<(&'static str, String)>,
}

impl Asked<'_> {
    /// The assumption itself, and what it passes on: tags and source identity need permissions of their own ("Pass
    /// session tags in AWS STS", "Monitor and control actions taken with assumed roles").
    pub(super) fn needs(&self) -> Vec<Need> {
        let base = |action: &str| {
            let mut need = Need::new(action, self.role).with("sts:RoleSessionName", [self.session_name]);
            if let Some(source) = self.source_identity {
                need = need.with("sts:SourceIdentity", [source]);
            }
            for (key, value) in &self.context {
                need = need.with(*key, [value]);
            }
            self.tags.with(need)
        };
        let mut needs = vec![base(self.action)];
        if !self.tags.all.is_empty() {
            needs.push(base("sts:TagSession"));
        }
        if self.source_identity.is_some() {
            needs.push(base("sts:SetSourceIdentity"));
        }
        needs
    }
}

pub(super) async fn assume_role(
    iam: &Iam,
    ctx: Ctx,
    input: t::AssumeRoleRequest,
) -> Result<t::AssumeRoleResponse, Fault> {
    if input.provided_contexts.as_ref().is_some_and(|contexts| !contexts.is_empty()) {
        return Err(validation(
            "Mastic does not know ProvidedContexts: it has no trusted context providers.",
        ));
    }
    let arn: Arn =
        input.role_arn.parse().map_err(|_| validation(format!("{} is invalid", input.role_arn)))?;
    let caller = ctx.caller();
    if matches!(caller.identity, Identity::FederatedUser(_)) {
        return Err(not_authorized(&ctx, &arn));
    }
    let session = match (&caller.access_key_id, &caller.token) {
        (Some(id), Some(_)) => iam.session(id)?,
        _ => None,
    };
    let chain = match session.as_deref().map(|session| &session.holder) {
        Some(Holder::Role(assumed)) => Some(&**assumed),
        _ => None,
    };
    let tags = Tags::read(input.tags.unwrap_or_default(), input.transitive_tag_keys.unwrap_or_default())?
        .inherit(chain)?;
    let source_identity = source(chain, input.source_identity)?;
    let mut context = Vec::new();
    if let Some(external) = input.external_id {
        context.push(("sts:ExternalId", external));
    }
    if proven_by_device(&ctx, input.serial_number.as_ref(), input.token_code.as_ref()).await? {
        context.push(("aws:MultiFactorAuthPresent", "true".to_owned()));
        context.push(("aws:MultiFactorAuthAge", "0".to_owned()));
    }
    let asked = Asked {
        action: "sts:AssumeRole",
        role: arn.as_str(),
        session_name: &input.role_session_name,
        source_identity: source_identity.as_deref(),
        tags: &tags,
        context,
    };
    ctx.authorize(&asked.needs())?;
    if matches!(ctx.caller().identity, Identity::Root) {
        return Err(denied("Roles may not be assumed by root accounts."));
    }
    let role = ctx.read(|tx| find_arn::<Role>(tx, &arn))?;
    // It was there when it was asked for; somebody has deleted it since.
    let (Some(role), Some(account)) = (role, arn.account_id()) else {
        return Err(not_authorized(&ctx, &arn));
    };
    if chain.is_some() && input.duration_seconds.is_some_and(|asked| asked > CHAINED) {
        return Err(validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    let lasts = duration(&role, input.duration_seconds)?;
    let limits = Limits::read(&ctx, &account, input.policy, input.policy_arns, &tags)?;
    let granted = Granted {
        arn,
        account,
        role: &role,
        name: input.role_session_name,
        lasts,
        limits,
        tags,
        source_identity: source_identity.clone(),
        federation: None,
    };
    let session = granted.open(iam, &ctx).await?;
    Ok(t::AssumeRoleResponse {
        credentials: Some(shown(&session.credentials)),
        assumed_role_user: Some(session.user),
        packed_policy_size: session.packed,
        source_identity,
    })
}

fn not_authorized(ctx: &Ctx, role: &Arn) -> Fault {
    let who = ctx.caller().arn();
    denied(format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {role}"))
}

/// The source identity stays the same through a chain ("Monitor and control actions taken with assumed
/// roles").
fn source(caller: Option<&Assumed>, asked: Option<String>) -> Result<Option<String>, Fault> {
    if asked.as_ref().is_some_and(|asked| asked.to_ascii_lowercase().starts_with("aws:")) {
        return Err(validation("A source identity must not begin with aws:, which is reserved for AWS use."));
    }
    match (caller.and_then(|assumed| assumed.source_identity.clone()), asked) {
        (Some(old), Some(new)) if old != new => {
            Err(denied("The source identity of a session cannot be changed."))
        }
        (inherited, asked) => Ok(inherited.or(asked)),
    }
}
