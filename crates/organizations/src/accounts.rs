//! The organization's accounts: made, shown, moved, closed, let go.

use mastic_api_iam::organizations::{op, types as t};
use mastic_core::{AccountId, Fault, Secret};
use mastic_kernel::Ctx;
use mastic_kernel::ports::{AccountFacts, NewAccount};
use mastic_store::{ReadTx, WriteTx};

use crate::access::{Reach, account_id, enter, enter_node, enter_whole};
use crate::faults::{self, constraint, invalid, management_stays, no_account, no_parent};
use crate::organization::fresh_id;
use crate::page;
use crate::records::{CREATIONS, Creation, Member};
use crate::tags;
use crate::tree::Org;
use crate::units::children;

/// The role by which a management account gets into the accounts it makes.
const ROLE: &str = "OrganizationAccountAccessRole";

fn status(account: &AccountFacts) -> (t::AccountStatus, t::AccountState) {
    match account.closed {
        Some(_) => (t::AccountStatus::Suspended, t::AccountState::Closed),
        None => (t::AccountStatus::Active, t::AccountState::Active),
    }
}

fn joined(member: &Member) -> t::AccountJoinedMethod {
    if member.invited { t::AccountJoinedMethod::Invited } else { t::AccountJoinedMethod::Created }
}

/// An account of this server that is in an organization.
pub(crate) fn facts(ctx: &Ctx, tx: &ReadTx<'_>, account: &AccountId) -> Result<AccountFacts, Fault> {
    let found = ctx.kernel().accounts()?.find(tx, account)?;
    found.ok_or_else(|| Fault::internal(format!("account {account} of an organization does not exist")))
}

/// An account as answers carry it.
fn shown(
    ctx: &Ctx,
    tx: &ReadTx<'_>,
    org: &Org,
    account: &AccountId,
    member: &Member,
) -> Result<t::Account, Fault> {
    let facts = facts(ctx, tx, account)?;
    let (status, state) = status(&facts);
    Ok(t::Account {
        id: Some(account.to_string()),
        arn: Some(org.arn_of("account", account.as_str())),
        email: Some(Secret::new(facts.email)),
        name: Some(Secret::new(facts.name)),
        status: Some(status),
        state: Some(state),
        paths: Some(vec![org.path(tx, account.as_str())?]),
        joined_method: Some(joined(member)),
        joined_timestamp: Some(member.joined),
    })
}

/// An account as the list of delegated administrators carries it; since when, the caller adds.
pub(crate) fn shown_delegate(
    ctx: &Ctx,
    tx: &ReadTx<'_>,
    org: &Org,
    account: &AccountId,
    member: &Member,
) -> Result<t::DelegatedAdministrator, Fault> {
    let account = shown(ctx, tx, org, account, member)?;
    Ok(t::DelegatedAdministrator {
        id: account.id,
        arn: account.arn,
        email: account.email,
        name: account.name,
        status: account.status,
        state: account.state,
        joined_method: account.joined_method,
        joined_timestamp: account.joined_timestamp,
        delegation_enabled_date: member.administers.values().min().copied(),
    })
}

fn shown_creation(id: &str, creation: &Creation) -> t::CreateAccountStatus {
    let (state, account, reason) = match &creation.outcome {
        Ok(account) => (t::CreateAccountState::Succeeded, Some(account.to_string()), None),
        Err(reason) => (t::CreateAccountState::Failed, None, Some(*reason)),
    };
    t::CreateAccountStatus {
        id: Some(id.to_owned()),
        account_name: Some(Secret::new(creation.name.clone())),
        state: Some(state),
        requested_timestamp: Some(creation.requested),
        completed_timestamp: Some(creation.requested),
        account_id: account,
        gov_cloud_account_id: None,
        failure_reason: reason,
    }
}

/// As on AWS the answer tells that the work is under way; here it is done by then, and the next look at the
/// status shows how it ended.
pub(crate) async fn create(
    ctx: Ctx,
    input: t::CreateAccountRequest,
) -> Result<t::CreateAccountResponse, Fault> {
    let org = enter::<op::CreateAccount>(&ctx, Reach::Management, |about| {
        about.request_tags(input.tags.as_deref());
        Ok(())
    })?;
    let tags = tags::read(input.tags)?;
    let role = input.role_name.unwrap_or_else(|| ROLE.to_owned());
    if role.starts_with("AWSServiceRoleFor") {
        let text = "A role name can't begin with the reserved prefix AWSServiceRoleFor.";
        return Err(invalid("INVALID_ROLE_NAME", text));
    }
    let id = fresh_id(ctx.entropy(), "car-", 32);
    let name = input.account_name.reveal().clone();
    let (accounts, now) = (ctx.kernel().accounts()?.clone(), ctx.now());
    let new = NewAccount {
        name: name.clone(),
        email: input.email.reveal().clone(),
        role,
        trusted: org.management.clone(),
    };
    let creation = ctx
        .write({
            let id = id.clone();
            move |tx| {
                let org = org.again(tx)?;
                let outcome = match accounts.create(tx, &new)? {
                    Some(account) => {
                        org.take_in(tx, &account.id, (false, now, tags))?;
                        Ok(account.id)
                    }
                    None => Err(t::CreateAccountFailureReason::EmailAlreadyExists),
                };
                let creation = Creation { name, requested: now, outcome };
                CREATIONS.put(tx, &(&org.management, id.as_str()), &creation)?;
                Ok::<_, Fault>(creation)
            }
        })
        .await?;
    let under_way = t::CreateAccountStatus {
        state: Some(t::CreateAccountState::InProgress),
        account_id: None,
        failure_reason: None,
        completed_timestamp: None,
        ..shown_creation(&id, &creation)
    };
    Ok(t::CreateAccountResponse { create_account_status: Some(under_way) })
}

pub(crate) async fn describe_creation(
    ctx: Ctx,
    input: t::DescribeCreateAccountStatusRequest,
) -> Result<t::DescribeCreateAccountStatusResponse, Fault> {
    let org = enter_whole::<op::DescribeCreateAccountStatus>(&ctx, Reach::Readers)?;
    let id = &input.create_account_request_id;
    let creation = ctx.read(|tx| CREATIONS.get(tx, &(&org.management, id.as_str())))?.ok_or_else(|| {
        let text =
            "We can't find an create account request with the CreateAccountRequestId that you specified.";
        Fault::sender("CreateAccountStatusNotFoundException", text)
    })?;
    Ok(t::DescribeCreateAccountStatusResponse { create_account_status: Some(shown_creation(id, &creation)) })
}

pub(crate) async fn list_creations(
    ctx: Ctx,
    input: t::ListCreateAccountStatusRequest,
) -> Result<t::ListCreateAccountStatusResponse, Fault> {
    let org = enter_whole::<op::ListCreateAccountStatus>(&ctx, Reach::Readers)?;
    let rows = ctx.read(|tx| {
        CREATIONS.scan_prefix(tx, (&org.management,)).collect::<Result<Vec<_>, _>>().map_err(Fault::from)
    })?;
    let wanted = input.states.unwrap_or_default();
    let shown = rows.into_iter().map(|((_, id), creation)| (id.clone(), shown_creation(&id, &creation)));
    let shown = shown
        .filter(|(_, status)| wanted.is_empty() || status.state.is_some_and(|state| wanted.contains(&state)));
    let (statuses, next_token) = page::take(shown, input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListCreateAccountStatusResponse { create_account_statuses: Some(statuses), next_token })
}

pub(crate) async fn describe(
    ctx: Ctx,
    input: t::DescribeAccountRequest,
) -> Result<t::DescribeAccountResponse, Fault> {
    let org = enter_node::<op::DescribeAccount>(&ctx, Reach::Readers, &input.account_id)?;
    let account = account_id(&input.account_id)?;
    let account = ctx.read(|tx| {
        let member = org.member(tx, &account)?.ok_or_else(no_account)?;
        shown(&ctx, tx, &org, &account, &member)
    })?;
    Ok(t::DescribeAccountResponse { account: Some(account) })
}

pub(crate) async fn list(ctx: Ctx, input: t::ListAccountsRequest) -> Result<t::ListAccountsResponse, Fault> {
    let org = enter_whole::<op::ListAccounts>(&ctx, Reach::Readers)?;
    let accounts = ctx.read(|tx| listed(&ctx, tx, &org, |_| true))?;
    let (accounts, next_token) = page::take(accounts, input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListAccountsResponse { accounts: Some(accounts), next_token })
}

fn listed(
    ctx: &Ctx,
    tx: &ReadTx<'_>,
    org: &Org,
    wanted: impl Fn(&Member) -> bool,
) -> Result<Vec<(String, t::Account)>, Fault> {
    let members = org.members(tx)?.into_iter().filter(|(_, member)| wanted(member));
    members
        .map(|(account, member)| Ok((account.to_string(), shown(ctx, tx, org, &account, &member)?)))
        .collect()
}

pub(crate) async fn list_for_parent(
    ctx: Ctx,
    input: t::ListAccountsForParentRequest,
) -> Result<t::ListAccountsForParentResponse, Fault> {
    let parent = &input.parent_id;
    let org = enter_node::<op::ListAccountsForParent>(&ctx, Reach::Readers, parent)?;
    let accounts = ctx.read(|tx| {
        if !org.is_parent(tx, parent)? {
            return Err(no_parent());
        }
        listed(&ctx, tx, &org, |member| member.parent == *parent)
    })?;
    let (accounts, next_token) = page::take(accounts, input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListAccountsForParentResponse { accounts: Some(accounts), next_token })
}

pub(crate) async fn move_account(ctx: Ctx, input: t::MoveAccountRequest) -> Result<(), Fault> {
    let org = enter::<op::MoveAccount>(&ctx, Reach::Management, |about| {
        about.node(&input.account_id)?;
        about.node(&input.source_parent_id)?;
        about.node(&input.destination_parent_id)
    })?;
    let account = account_id(&input.account_id)?;
    ctx.write(move |tx| {
        let org = org.again(tx)?;
        let member = org.member(tx, &account)?.ok_or_else(no_account)?;
        let here = children(tx, &org, &input.source_parent_id)?;
        if !here.accounts.contains(&input.account_id) {
            let text = "We can't find a source root or OU with the ParentId that you specified.";
            return Err(Fault::sender("SourceParentNotFoundException", text));
        }
        if !org.is_parent(tx, &input.destination_parent_id)? {
            let text = "We can't find the destination container (a root or OU) with the ParentId that you specified.";
            return Err(Fault::sender("DestinationParentNotFoundException", text));
        }
        if input.source_parent_id == input.destination_parent_id {
            let text = "That account is already present in the specified destination.";
            return Err(Fault::sender("DuplicateAccountException", text));
        }
        org.save_member(tx, &account, &Member { parent: input.destination_parent_id, ..member })?;
        Ok(())
    })
    .await
}

/// Takes an account out of its organization; it stands alone from then on.
fn part(tx: &mut WriteTx<'_>, org: &Org, account: &AccountId) -> Result<(), Fault> {
    let member = org.member(tx, account)?.ok_or_else(no_account)?;
    if org.management == *account {
        return Err(management_stays());
    }
    if !member.administers.is_empty() {
        let text = "You attempted to remove an account that is registered as a delegated administrator for a service \
                    integrated with your organization.";
        return Err(constraint("CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG", text));
    }
    Ok(org.let_go(tx, account)?)
}

pub(crate) async fn remove(ctx: Ctx, input: t::RemoveAccountFromOrganizationRequest) -> Result<(), Fault> {
    let org = enter_node::<op::RemoveAccountFromOrganization>(&ctx, Reach::Management, &input.account_id)?;
    let account = account_id(&input.account_id)?;
    ctx.write(move |tx| part(tx, &org.again(tx)?, &account)).await
}

pub(crate) async fn leave(ctx: Ctx, _: ()) -> Result<(), Fault> {
    let org = enter_whole::<op::LeaveOrganization>(&ctx, Reach::Members)?;
    let account = ctx.account()?.clone();
    ctx.write(move |tx| part(tx, &org.again(tx)?, &account)).await
}

pub(crate) async fn close(ctx: Ctx, input: t::CloseAccountRequest) -> Result<(), Fault> {
    let org = enter_node::<op::CloseAccount>(&ctx, Reach::Management, &input.account_id)?;
    let account = account_id(&input.account_id)?;
    if account == org.management {
        let text = "You attempted to close the management account.";
        return Err(constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", text));
    }
    let accounts = ctx.kernel().accounts()?.clone();
    ctx.write(move |tx| {
        let org = org.again(tx)?;
        org.member(tx, &account)?.ok_or_else(no_account)?;
        if accounts.find(tx, &account)?.is_some_and(|facts| facts.closed.is_some()) {
            let text = "You attempted to close an account that is already closed.";
            return Err(Fault::sender("AccountAlreadyClosedException", text));
        }
        accounts.close(tx, &account)
    })
    .await
}

/// Whether the account is closed, for what active accounts alone may be.
pub(crate) fn must_be_active(ctx: &Ctx, tx: &ReadTx<'_>, account: &AccountId) -> Result<(), Fault> {
    if facts(ctx, tx, account)?.closed.is_some() {
        return Err(faults::constraint(
            "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
            "You cannot register a suspended account as a delegated administrator.",
        ));
    }
    Ok(())
}
