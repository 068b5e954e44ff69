//! Who else may work with the organization: AWS's services, accounts that administer one of them,
//! and whom the resource policy names.

use mastic_api_iam::organizations::{op, types as t};
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_policy::{Document, DocumentKind};

use crate::access::{Reach, account_id, enter, enter_whole};
use crate::accounts::{must_be_active, shown_delegate};
use crate::faults::{constraint, invalid, no_account};
use crate::organization::fresh_id;
use crate::page;
use crate::records::Delegation;
use crate::tags;
use crate::tree::Org;

fn must_be_service(name: &str) -> Result<(), Fault> {
    if name.strip_suffix(".amazonaws.com").is_some_and(|service| !service.is_empty()) {
        return Ok(());
    }
    let text = "You specified a service principal that isn't recognized.";
    Err(invalid("UNRECOGNIZED_SERVICE_PRINCIPAL", text))
}

fn must_have_all_features(org: &Org) -> Result<(), Fault> {
    if org.record.all_features {
        return Ok(());
    }
    let text =
        "You attempted to perform an operation that requires your organization to be in all features mode.";
    Err(constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE", text))
}

pub(crate) async fn enable_service(ctx: Ctx, input: t::EnableAWSServiceAccessRequest) -> Result<(), Fault> {
    let service = input.service_principal;
    let org = enter::<op::EnableAWSServiceAccess>(&ctx, Reach::Management, |about| {
        about.service(&service);
        Ok(())
    })?;
    must_be_service(&service)?;
    let now = ctx.now();
    ctx.write(move |tx| {
        let mut org = org.again(tx)?;
        must_have_all_features(&org)?;
        org.record.services.entry(service).or_insert(now);
        Ok(org.save(tx)?)
    })
    .await
}

pub(crate) async fn disable_service(ctx: Ctx, input: t::DisableAWSServiceAccessRequest) -> Result<(), Fault> {
    let service = input.service_principal;
    let org = enter::<op::DisableAWSServiceAccess>(&ctx, Reach::Management, |about| {
        about.service(&service);
        Ok(())
    })?;
    must_be_service(&service)?;
    ctx.write(move |tx| {
        let mut org = org.again(tx)?;
        must_have_all_features(&org)?;
        org.record.services.remove(&service);
        Ok(org.save(tx)?)
    })
    .await
}

pub(crate) async fn list_services(
    ctx: Ctx,
    input: t::ListAWSServiceAccessForOrganizationRequest,
) -> Result<t::ListAWSServiceAccessForOrganizationResponse, Fault> {
    let org = enter_whole::<op::ListAWSServiceAccessForOrganization>(&ctx, Reach::Readers)?;
    must_have_all_features(&org)?;
    let services = org.record.services.into_iter().map(|(service, since)| {
        let shown = t::EnabledServicePrincipal {
            service_principal: Some(service.clone()),
            date_enabled: Some(since),
        };
        (service, shown)
    });
    let (services, next_token) = page::take(services, input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListAWSServiceAccessForOrganizationResponse {
        enabled_service_principals: Some(services),
        next_token,
    })
}

pub(crate) async fn register(ctx: Ctx, input: t::RegisterDelegatedAdministratorRequest) -> Result<(), Fault> {
    let service = input.service_principal;
    let org = enter::<op::RegisterDelegatedAdministrator>(&ctx, Reach::Management, |about| {
        about.service(&service);
        about.node(&input.account_id)
    })?;
    must_be_service(&service)?;
    let account = account_id(&input.account_id)?;
    let (inner, now) = (ctx.clone(), ctx.now());
    ctx.write(move |tx| {
        let org = org.again(tx)?;
        must_have_all_features(&org)?;
        let mut member = org.member(tx, &account)?.ok_or_else(no_account)?;
        if account == org.management {
            let text = "You attempted to register the management account of the organization as a delegated \
                        administrator for an AWS service integrated with Organizations.";
            return Err(constraint("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR", text));
        }
        must_be_active(&inner, tx, &account)?;
        if !org.record.services.contains_key(&service) {
            let text = "You attempted to register a delegated administrator before you enabled service access. Call \
                        the EnableAWSServiceAccess API first.";
            return Err(constraint("SERVICE_ACCESS_NOT_ENABLED", text));
        }
        if member.administers.contains_key(&service) {
            let text = "The provided account is already a delegated administrator for your organization.";
            return Err(Fault::sender("AccountAlreadyRegisteredException", text));
        }
        member.administers.insert(service, now);
        Ok(org.save_member(tx, &account, &member)?)
    })
    .await
}

fn not_registered() -> Fault {
    let text = "The provided account is not a registered delegated administrator for your organization.";
    Fault::sender("AccountNotRegisteredException", text)
}

pub(crate) async fn deregister(
    ctx: Ctx,
    input: t::DeregisterDelegatedAdministratorRequest,
) -> Result<(), Fault> {
    let service = input.service_principal;
    let org = enter::<op::DeregisterDelegatedAdministrator>(&ctx, Reach::Management, |about| {
        about.service(&service);
        about.node(&input.account_id)
    })?;
    must_be_service(&service)?;
    let account = account_id(&input.account_id)?;
    ctx.write(move |tx| {
        let org = org.again(tx)?;
        let mut member = org.member(tx, &account)?.ok_or_else(no_account)?;
        member.administers.remove(&service).ok_or_else(not_registered)?;
        Ok(org.save_member(tx, &account, &member)?)
    })
    .await
}

pub(crate) async fn list_administrators(
    ctx: Ctx,
    input: t::ListDelegatedAdministratorsRequest,
) -> Result<t::ListDelegatedAdministratorsResponse, Fault> {
    let org = enter::<op::ListDelegatedAdministrators>(&ctx, Reach::Readers, |about| {
        if let Some(service) = &input.service_principal {
            about.service(service);
        }
        Ok(())
    })?;
    let found = ctx.read(|tx| {
        let mut found = Vec::new();
        for (account, member) in org.members(tx)? {
            let administers = match &input.service_principal {
                Some(service) => member.administers.contains_key(service),
                None => !member.administers.is_empty(),
            };
            if administers {
                found.push((account.to_string(), shown_delegate(&ctx, tx, &org, &account, &member)?));
            }
        }
        Ok::<_, Fault>(found)
    })?;
    let (found, next_token) = page::take(found, input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListDelegatedAdministratorsResponse { delegated_administrators: Some(found), next_token })
}

pub(crate) async fn list_services_of(
    ctx: Ctx,
    input: t::ListDelegatedServicesForAccountRequest,
) -> Result<t::ListDelegatedServicesForAccountResponse, Fault> {
    let org = enter::<op::ListDelegatedServicesForAccount>(&ctx, Reach::Readers, |about| {
        about.node(&input.account_id)
    })?;
    let account = account_id(&input.account_id)?;
    let member = ctx.read(|tx| org.member(tx, &account))?.ok_or_else(no_account)?;
    if member.administers.is_empty() {
        return Err(not_registered());
    }
    let services = member.administers.into_iter().map(|(service, since)| {
        let shown = t::DelegatedService {
            service_principal: Some(service.clone()),
            delegation_enabled_date: Some(since),
        };
        (service, shown)
    });
    let (services, next_token) = page::take(services, input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListDelegatedServicesForAccountResponse { delegated_services: Some(services), next_token })
}

fn shown_policy(org: &Org, policy: &Delegation) -> t::ResourcePolicy {
    t::ResourcePolicy {
        resource_policy_summary: Some(t::ResourcePolicySummary {
            id: Some(policy.id.clone()),
            arn: Some(org.arn_of("resourcepolicy", &policy.id)),
        }),
        content: Some(policy.content.clone()),
    }
}

fn no_resource_policy() -> Fault {
    let text = "We can't find a resource policy request with the parameter that you specified.";
    Fault::sender("ResourcePolicyNotFoundException", text)
}

/// Checks the organization's resource policy, which speaks of Organizations' own actions only.
fn check_policy(content: &str) -> Result<(), Fault> {
    let document = Document::parse_as(content, DocumentKind::Resource)
        .map_err(|error| invalid("INVALID_RESOURCE_POLICY_JSON", error.to_string()))?;
    let mut actions = document.statements().iter().flat_map(mastic_policy::Statement::actions);
    match actions.find(|action| !action.to_lowercase().starts_with("organizations:")) {
        Some(action) => {
            let text = format!("The resource policy contains the unsupported action {action}.");
            Err(invalid("UNSUPPORTED_ACTION_IN_RESOURCE_POLICY", text))
        }
        None => Ok(()),
    }
}

pub(crate) async fn put_policy(
    ctx: Ctx,
    input: t::PutResourcePolicyRequest,
) -> Result<t::PutResourcePolicyResponse, Fault> {
    let org = enter::<op::PutResourcePolicy>(&ctx, Reach::Management, |about| {
        about.request_tags(input.tags.as_deref());
        let (id, tags) = match &about.org().record.delegation {
            Some(policy) => (policy.id.clone(), policy.tags.clone()),
            None => ("*".to_owned(), crate::records::Tags::new()),
        };
        about.arn(about.org().arn_of("resourcepolicy", &id), tags);
        Ok(())
    })?;
    check_policy(&input.content)?;
    let tags = tags::read(input.tags)?;
    let id = fresh_id(ctx.entropy(), "rp-", 8);
    let org = ctx
        .write(move |tx| {
            let mut org = org.again(tx)?;
            must_have_all_features(&org)?;
            match &mut org.record.delegation {
                Some(_) if !tags.is_empty() => {
                    let text =
                        "You can tag the resource policy when it is created; use TagResource afterwards.";
                    return Err(invalid("INVALID_SYSTEM_TAGS_PARAMETER", text));
                }
                Some(policy) => policy.content = input.content,
                none => *none = Some(Delegation { id, content: input.content, tags }),
            }
            org.save(tx)?;
            Ok(org)
        })
        .await?;
    let policy = org.record.delegation.as_ref().map(|policy| shown_policy(&org, policy));
    Ok(t::PutResourcePolicyResponse { resource_policy: policy })
}

pub(crate) async fn describe_policy(ctx: Ctx, _: ()) -> Result<t::DescribeResourcePolicyResponse, Fault> {
    let org = enter_whole::<op::DescribeResourcePolicy>(&ctx, Reach::Readers)?;
    let policy = org.record.delegation.as_ref().ok_or_else(no_resource_policy)?;
    Ok(t::DescribeResourcePolicyResponse { resource_policy: Some(shown_policy(&org, policy)) })
}

pub(crate) async fn delete_policy(ctx: Ctx, _: ()) -> Result<(), Fault> {
    let org = enter_whole::<op::DeleteResourcePolicy>(&ctx, Reach::Management)?;
    ctx.write(move |tx| {
        let mut org = org.again(tx)?;
        org.record.delegation.take().ok_or_else(no_resource_policy)?;
        Ok(org.save(tx)?)
    })
    .await
}
