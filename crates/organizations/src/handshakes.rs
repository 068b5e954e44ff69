//! Handshakes: invitations to accounts, and the consent to all features.

use std::time::Duration;

use mastic_api_iam::organizations::{op, types as t};
use mastic_core::{AccountId, Fault, Secret, Timestamp};
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, StoreError, WriteTx};

use crate::access::{Reach, enter, enter_any, enter_whole};
use crate::accounts;
use crate::faults::{denied, handshake_constraint, invalid, no_handshake};
use crate::organization::fresh_id;
use crate::page;
use crate::records::{HANDSHAKES, Handshake, RECEIVED, Received, Tags};
use crate::tags;
use crate::tree::Org;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long an invitation stands ("Quotas and service limits for AWS Organizations").
const INVITATION: Duration = DAY.saturating_mul(15);
/// How long the other handshakes stand.
const CONSENT: Duration = DAY.saturating_mul(90);
/// How long a handshake that came to its end is shown.
const SHOWN: Duration = DAY.saturating_mul(30);

/// A handshake on its way: its organization, its id and itself.
struct Found {
    org: Org,
    id: String,
    handshake: Handshake,
}

impl Handshake {
    fn state(&self, now: Timestamp) -> t::HandshakeState {
        let waiting = matches!(self.state, t::HandshakeState::Requested | t::HandshakeState::Open);
        if waiting && self.expires <= now { t::HandshakeState::Expired } else { self.state }
    }

    fn is_open(&self, now: Timestamp) -> bool {
        matches!(self.state(now), t::HandshakeState::Requested | t::HandshakeState::Open)
    }
}

fn arn(org: &Org, id: &str, action: t::ActionType) -> String {
    org.arn_of("handshake", &format!("{}/{id}", action.as_str().to_lowercase()))
}

fn resource(kind: t::HandshakeResourceType, value: impl Into<String>) -> t::HandshakeResource {
    t::HandshakeResource { value: Some(Secret::new(value.into())), r#type: Some(kind), resources: None }
}

/// A handshake as answers carry it.
fn shown(ctx: &Ctx, tx: &ReadTx<'_>, found: &Found) -> Result<t::Handshake, Fault> {
    use t::HandshakeResourceType as Kind;
    let Found { org, id, handshake } = found;
    let party = |id: &str, kind| t::HandshakeParty { id: Secret::new(id.to_owned()), r#type: Some(kind) };
    let mut parties = vec![party(&org.record.id, t::HandshakePartyType::Organization)];
    let management = accounts::facts(ctx, tx, &org.management)?;
    let features = if org.record.all_features { "ALL" } else { "CONSOLIDATED_BILLING" };
    let mut resources = vec![t::HandshakeResource {
        resources: Some(vec![
            resource(Kind::MasterEmail, management.email),
            resource(Kind::MasterName, management.name),
            resource(Kind::OrganizationFeatureSet, features),
        ]),
        ..resource(Kind::Organization, org.record.id.as_str())
    }];
    if handshake.action != t::ActionType::EnableAllFeatures {
        let asked = handshake.asked.as_str();
        match &handshake.email {
            Some(email) => {
                parties.push(party(email, t::HandshakePartyType::Email));
                resources.push(resource(Kind::Email, email.as_str()));
            }
            None => {
                parties.push(party(asked, t::HandshakePartyType::Account));
                resources.push(resource(Kind::Account, asked));
            }
        }
    }
    resources.extend(handshake.notes.as_deref().map(|notes| resource(Kind::Notes, notes)));
    resources.extend(handshake.parent.as_deref().map(|parent| resource(Kind::ParentHandshake, parent)));
    Ok(t::Handshake {
        id: Some(id.clone()),
        arn: Some(arn(org, id, handshake.action)),
        parties: Some(parties),
        state: Some(handshake.state(ctx.now())),
        requested_timestamp: Some(handshake.requested),
        expiration_timestamp: Some(handshake.expires),
        action: Some(handshake.action),
        resources: Some(resources),
    })
}

fn all(tx: &ReadTx<'_>, org: &Org) -> Result<Vec<(String, Handshake)>, StoreError> {
    let rows = HANDSHAKES.scan_prefix(tx, (&org.management,));
    rows.map(|row| row.map(|((_, id), handshake)| (id, handshake))).collect()
}

/// Writes a new handshake, and forgets those that are no longer shown.
fn put(tx: &mut WriteTx<'_>, org: &Org, id: &str, handshake: &Handshake) -> Result<(), StoreError> {
    for (id, old) in all(tx, org)? {
        if old.expires.plus(SHOWN) < handshake.requested {
            HANDSHAKES.delete(tx, &(&org.management, id.as_str()))?;
            RECEIVED.delete(tx, &(&old.asked, id.as_str()))?;
        }
    }
    HANDSHAKES.put(tx, &(&org.management, id), handshake)?;
    RECEIVED.put(tx, &(&handshake.asked, id), &Received { management: org.management.clone() })
}

/// The handshake of this id, if the account has sent or received it.
fn find(tx: &ReadTx<'_>, account: &AccountId, id: &str) -> Result<Option<Found>, StoreError> {
    let received = RECEIVED.get(tx, &(account, id))?.map(|received| received.management);
    let management = received.unwrap_or_else(|| account.clone());
    let Some(org) = Org::managed_by(tx, management)? else { return Ok(None) };
    let handshake = HANDSHAKES.get(tx, &(&org.management, id))?;
    Ok(handshake.map(|handshake| Found { org, id: id.to_owned(), handshake }))
}

/// Lets a call in that is about one handshake, which the caller's account has sent or received.
fn enter_handshake<O: mastic_shape::Op>(ctx: &Ctx, id: &str) -> Result<Found, Fault> {
    let account = ctx.account()?;
    let found = ctx.read(|tx| find(tx, account, id))?;
    let arn = found.as_ref().map(|found| arn(&found.org, id, found.handshake.action));
    let need = mastic_kernel::Need::new(O::operation().action, arn.unwrap_or_else(|| "*".to_owned()));
    ctx.authorize(&[need.owned_by(account.clone())])?;
    found.ok_or_else(no_handshake)
}

pub(crate) async fn describe(
    ctx: Ctx,
    input: t::DescribeHandshakeRequest,
) -> Result<t::DescribeHandshakeResponse, Fault> {
    let found = enter_handshake::<op::DescribeHandshake>(&ctx, &input.handshake_id)?;
    let handshake = ctx.read(|tx| shown(&ctx, tx, &found))?;
    Ok(t::DescribeHandshakeResponse { handshake: Some(handshake) })
}

/// Whom an invitation names.
fn invited(
    ctx: &Ctx,
    tx: &ReadTx<'_>,
    target: &t::HandshakeParty,
) -> Result<(AccountId, Option<String>), Fault> {
    let id = target.id.reveal();
    let accounts = ctx.kernel().accounts()?;
    let (found, email) = match target.r#type {
        Some(t::HandshakePartyType::Account) => {
            let account = id.parse::<AccountId>().ok();
            (account.map(|account| accounts.find(tx, &account)).transpose()?.flatten(), None)
        }
        Some(t::HandshakePartyType::Email) => (accounts.find_by_email(tx, id)?, Some(id.clone())),
        _ => {
            let text = "You specified the wrong type of entity (account, organization, or email) as a party.";
            return Err(invalid("INVALID_PARTY_TYPE_TARGET", text));
        }
    };
    match found {
        Some(account) => Ok((account.id, email)),
        None if email.is_some() => {
            let text = "You specified an invalid email address for the invited account owner.";
            Err(invalid("INVALID_EMAIL_ADDRESS_TARGET", text))
        }
        None => Err(invalid("INVALID_PATTERN_TARGET_ID", format!("This server has no account {id}."))),
    }
}

pub(crate) async fn invite(
    ctx: Ctx,
    input: t::InviteAccountToOrganizationRequest,
) -> Result<t::InviteAccountToOrganizationResponse, Fault> {
    let org = enter::<op::InviteAccountToOrganization>(&ctx, Reach::Management, |about| {
        about.request_tags(input.tags.as_deref());
        if input.target.r#type == Some(t::HandshakePartyType::Account) {
            about.node(input.target.id.reveal())?;
        }
        Ok(())
    })?;
    let tags = tags::read(input.tags)?;
    let id = fresh_id(ctx.entropy(), "h-", 32);
    let (inner, now) = (ctx.clone(), ctx.now());
    let handshake = ctx
        .write(move |tx| {
            let org = org.again(tx)?;
            let (asked, email) = invited(&inner, tx, &input.target)?;
            if org.member(tx, &asked)?.is_some() {
                let text = "The account is already a member of your organization.";
                return Err(handshake_constraint("ALREADY_IN_AN_ORGANIZATION", text));
            }
            let mut open = all(tx, &org)?.into_iter().filter(|(_, handshake)| handshake.is_open(now));
            if let Some((_, other)) = open.find(|(_, other)| {
                other.action == t::ActionType::EnableAllFeatures || other.asked == asked
            }) {
                return Err(if other.action == t::ActionType::Invite {
                    let text = "A handshake with the same action and target already exists.";
                    Fault::sender("DuplicateHandshakeException", text)
                } else {
                    let text = "You can't issue new invitations to join an organization while it's in the process of \
                                enabling all features.";
                    handshake_constraint("INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES", text)
                });
            }
            let handshake = Handshake {
                action: t::ActionType::Invite,
                asked,
                email,
                state: t::HandshakeState::Open,
                requested: now,
                expires: now.plus(INVITATION),
                parent: None,
                notes: input.notes.map(|notes| notes.reveal().clone()),
                tags,
            };
            put(tx, &org, &id, &handshake)?;
            shown(&inner, tx, &Found { org, id, handshake })
        })
        .await?;
    Ok(t::InviteAccountToOrganizationResponse { handshake: Some(handshake) })
}

/// Every account that joined by itself has to agree; once all have, the management account finishes the change by
/// accepting the first handshake.
pub(crate) async fn enable_all_features(
    ctx: Ctx,
    _: t::EnableAllFeaturesRequest,
) -> Result<t::EnableAllFeaturesResponse, Fault> {
    let org = enter_whole::<op::EnableAllFeatures>(&ctx, Reach::Management)?;
    let (inner, now) = (ctx.clone(), ctx.now());
    let handshake = ctx
        .write(move |tx| {
            let org = org.again(tx)?;
            if org.record.all_features {
                let text = "The handshake request is invalid because the organization has already enabled all features.";
                return Err(handshake_constraint("ORGANIZATION_ALREADY_HAS_ALL_FEATURES", text));
            }
            let mut open = all(tx, &org)?.into_iter().filter(|(_, handshake)| handshake.is_open(now));
            if open.any(|(_, handshake)| handshake.action == t::ActionType::EnableAllFeatures) {
                let text = "The handshake request is invalid because the organization has already started the process to \
                            enable all features.";
                return Err(handshake_constraint(
                    "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION",
                    text,
                ));
            }
            let entropy = inner.entropy();
            let id = fresh_id(entropy, "h-", 32);
            let members = org.members(tx)?.into_iter();
            let asked: Vec<AccountId> = members
                .filter(|(account, member)| member.invited && *account != org.management)
                .map(|(account, _)| account)
                .collect();
            let consent = |action, asked: &AccountId, state, parent| Handshake {
                action,
                asked: asked.clone(),
                email: None,
                state,
                requested: now,
                expires: now.plus(CONSENT),
                parent,
                notes: None,
                tags: Tags::new(),
            };
            let state =
                if asked.is_empty() { t::HandshakeState::Open } else { t::HandshakeState::Requested };
            for account in &asked {
                let action = t::ActionType::ApproveAllFeatures;
                let part = consent(action, account, t::HandshakeState::Open, Some(id.clone()));
                put(tx, &org, &fresh_id(entropy, "h-", 32), &part)?;
            }
            let whole = consent(t::ActionType::EnableAllFeatures, &org.management, state, None);
            put(tx, &org, &id, &whole)?;
            shown(&inner, tx, &Found { org, id, handshake: whole })
        })
        .await?;
    Ok(t::EnableAllFeaturesResponse { handshake: Some(handshake) })
}

/// How a handshake is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accept,
    Decline,
    Cancel,
}

impl Answer {
    fn state(self) -> t::HandshakeState {
        match self {
            Self::Accept => t::HandshakeState::Accepted,
            Self::Decline => t::HandshakeState::Declined,
            Self::Cancel => t::HandshakeState::Canceled,
        }
    }
}

/// Answers a handshake: who was asked accepts or declines, who asked cancels.
async fn answer(ctx: &Ctx, found: Found, answer: Answer) -> Result<t::Handshake, Fault> {
    let account = ctx.account()?.clone();
    let answers = if answer == Answer::Cancel { &found.org.management } else { &found.handshake.asked };
    if *answers != account {
        return Err(denied());
    }
    let (inner, now) = (ctx.clone(), ctx.now());
    ctx.write(move |tx| {
        let mut found = find(tx, &account, &found.id)?.ok_or_else(no_handshake)?;
        match found.handshake.state(now) {
            t::HandshakeState::Open => {}
            t::HandshakeState::Requested if answer != Answer::Accept => {}
            state if state == answer.state() => {
                let text = "The specified handshake is already in the requested state.";
                return Err(Fault::sender("HandshakeAlreadyInStateException", text));
            }
            _ => {
                let text = "You can't perform the operation on the handshake in its current state.";
                return Err(Fault::sender("InvalidHandshakeTransitionException", text));
            }
        }
        found.handshake.state = answer.state();
        HANDSHAKES.put(tx, &(&found.org.management, found.id.as_str()), &found.handshake)?;
        if answer == Answer::Accept {
            accepted(tx, &mut found, now)?;
        }
        shown(&inner, tx, &found)
    })
    .await
}

/// What an accepted handshake brings about.
fn accepted(tx: &mut WriteTx<'_>, found: &mut Found, now: Timestamp) -> Result<(), Fault> {
    let Found { org, handshake, .. } = found;
    match handshake.action {
        t::ActionType::Invite => {
            if Org::of(tx, &handshake.asked)?.is_some() {
                let text = "The handshake request is invalid because the invited account is already a member of an \
                            organization.";
                return Err(handshake_constraint("ALREADY_IN_AN_ORGANIZATION", text));
            }
            org.take_in(tx, &handshake.asked, (true, now, handshake.tags.clone()))?;
        }
        t::ActionType::EnableAllFeatures => {
            org.record.all_features = true;
            org.save(tx)?;
        }
        _ => {
            let Some(whole) = &handshake.parent else { return Ok(()) };
            let parts = all(tx, org)?.into_iter().filter(|(_, part)| part.parent.as_ref() == Some(whole));
            let agreed = parts.map(|(_, part)| part.state).all(|state| state == t::HandshakeState::Accepted);
            if let (true, Some(mut parent)) =
                (agreed, HANDSHAKES.get(tx, &(&org.management, whole.as_str()))?)
            {
                parent.state = t::HandshakeState::Open;
                HANDSHAKES.put(tx, &(&org.management, whole.as_str()), &parent)?;
            }
        }
    }
    Ok(())
}

pub(crate) async fn accept(
    ctx: Ctx,
    input: t::AcceptHandshakeRequest,
) -> Result<t::AcceptHandshakeResponse, Fault> {
    let found = enter_handshake::<op::AcceptHandshake>(&ctx, &input.handshake_id)?;
    Ok(t::AcceptHandshakeResponse { handshake: Some(answer(&ctx, found, Answer::Accept).await?) })
}

pub(crate) async fn decline(
    ctx: Ctx,
    input: t::DeclineHandshakeRequest,
) -> Result<t::DeclineHandshakeResponse, Fault> {
    let found = enter_handshake::<op::DeclineHandshake>(&ctx, &input.handshake_id)?;
    Ok(t::DeclineHandshakeResponse { handshake: Some(answer(&ctx, found, Answer::Decline).await?) })
}

pub(crate) async fn cancel(
    ctx: Ctx,
    input: t::CancelHandshakeRequest,
) -> Result<t::CancelHandshakeResponse, Fault> {
    let found = enter_handshake::<op::CancelHandshake>(&ctx, &input.handshake_id)?;
    Ok(t::CancelHandshakeResponse { handshake: Some(answer(&ctx, found, Answer::Cancel).await?) })
}

/// Takes a page off handshakes that are still shown and that the filter wants.
fn listed(
    ctx: &Ctx,
    tx: &ReadTx<'_>,
    found: Vec<Found>,
    filter: Option<t::HandshakeFilter>,
) -> Result<Vec<(String, t::Handshake)>, Fault> {
    let filter = filter.unwrap_or_default();
    if filter.action_type.is_some() && filter.parent_handshake_id.is_some() {
        let text = "You can specify only one filter parameter for the operation.";
        return Err(invalid("MAX_LIMIT_EXCEEDED_FILTER", text));
    }
    let wanted = found.into_iter().filter(|Found { handshake, .. }| {
        handshake.expires.plus(SHOWN) >= ctx.now()
            && filter.action_type.is_none_or(|action| action == handshake.action)
            && (filter.parent_handshake_id.is_none() || filter.parent_handshake_id == handshake.parent)
    });
    wanted.map(|found| Ok((found.id.clone(), shown(ctx, tx, &found)?))).collect()
}

pub(crate) async fn list_for_organization(
    ctx: Ctx,
    input: t::ListHandshakesForOrganizationRequest,
) -> Result<t::ListHandshakesForOrganizationResponse, Fault> {
    let org = enter_whole::<op::ListHandshakesForOrganization>(&ctx, Reach::Readers)?;
    let handshakes = ctx.read(|tx| {
        let rows = all(tx, &org)?.into_iter();
        let found = rows.map(|(id, handshake)| Found { org: org.clone(), id, handshake }).collect();
        listed(&ctx, tx, found, input.filter)
    })?;
    let (handshakes, next_token) = page::take(handshakes, input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListHandshakesForOrganizationResponse { handshakes: Some(handshakes), next_token })
}

pub(crate) async fn list_for_account(
    ctx: Ctx,
    input: t::ListHandshakesForAccountRequest,
) -> Result<t::ListHandshakesForAccountResponse, Fault> {
    enter_any::<op::ListHandshakesForAccount>(&ctx, Reach::Members, |_| Ok(()))?;
    let account = ctx.account()?;
    let handshakes = ctx.read(|tx| {
        let ids = RECEIVED.scan_prefix(tx, (account,)).map(|row| row.map(|((_, id), _)| id));
        let mut found = Vec::new();
        for id in ids.collect::<Result<Vec<_>, _>>()? {
            found.extend(find(tx, account, &id)?);
        }
        listed(&ctx, tx, found, input.filter)
    })?;
    let (handshakes, next_token) = page::take(handshakes, input.next_token.as_deref(), input.max_results)?;
    Ok(t::ListHandshakesForAccountResponse { handshakes: Some(handshakes), next_token })
}
