//! The authorizer: every decision of the server is taken here.

use std::sync::Arc;

use mastic_core::{AccountId, Arn, Fault};
use mastic_kernel::tags::Tags;
use mastic_kernel::{Authorizer, Call, Explanation, Identity, Need, Verdict};
use mastic_policy::{
    Attached, Context, Decision, Label, Outcome, Patch, PolicyKind, PolicySet, Principal, Request, allows,
    authorization_message, decide, has_resource_control, policy_holder,
};

use crate::Iam;
use crate::context::{Facts, context, principal};
use crate::names::split;
use crate::organization::Place;
use crate::principals::{Known, Target};

/// The actions that a role's trust policy decides about.
const TRUSTED: [&str; 5] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:SetSourceIdentity",
    "sts:TagSession",
];

/// Stands for the trust policy of a role that does not exist: a denial must not tell the difference.
const TRUSTS_NOBODY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":{"Service":"nobody"},"Action":"sts:AssumeRole"}}"#;

/// Stands for the session policies of a federated user who was given none.
const ALLOWS_NOTHING: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"sts:GetFederationToken","Resource":"*"}}"#;

/// The actions of IAM that make what they name.
const MAKING: [&str; 6] = [
    "CreateUser",
    "CreateGroup",
    "CreateRole",
    "CreatePolicy",
    "CreateInstanceProfile",
    "CreateServiceLinkedRole",
];

/// A need with all that bears on it.
struct Question<'a> {
    call: &'a Call,
    need: &'a Need,
    principal: Principal,
    known: Option<Arc<Known>>,
    set: PolicySet,
    target: Option<Target>,
    owner: Option<AccountId>,
    /// Whether none of the policies looks at the context.
    plain: bool,
    /// A reason that no policy can outweigh.
    refused: Option<String>,
}

impl Question<'_> {
    /// Whether the caller is a role that is linked to a service.
    fn is_of_service(&self) -> bool {
        let role = self.principal.identity();
        role.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("role/aws-service-role/"))
    }

    fn resource(&self) -> &str {
        self.target.as_ref().map_or(self.need.resource.as_str(), |target| target.arn.as_str())
    }

    fn request<'q>(&'q self, context: &'q Context) -> Request<'q> {
        let request = Request::new(&self.principal, &self.need.action, self.resource(), context)
            .of_pattern(self.need.pattern);
        match &self.owner {
            Some(owner) => request.owned_by(owner),
            None => request,
        }
    }

    /// The decision as it is kept.
    fn explained(&self, request: &Request<'_>, decision: Decision) -> Explanation {
        let message = authorization_message(request, &self.set, &decision, &self.call.caller.user_id());
        Explanation {
            refused: self.refused.clone(),
            decision: decision.condensed(),
            context: request.context.condensed(),
            message,
        }
    }

    fn denial(&self, request: &Request<'_>, decision: &Decision) -> String {
        let text = decision.denial_text(request);
        match shown_resource(&self.need.action, self.resource()) {
            Some(shown) => text.replacen(
                &format!("on resource: {}", self.resource()),
                &format!("on resource: {shown}"),
                1,
            ),
            None => text,
        }
    }
}

/// IAM's own messages name what exists by kind and name: `role Nightly`, `policy arn:...`.
fn shown_resource(action: &str, arn: &str) -> Option<String> {
    let name = action.strip_prefix("iam:")?;
    if name == "PassRole" || MAKING.contains(&name) {
        return None;
    }
    match split(arn.splitn(6, ':').nth(5)?)? {
        ("policy", ..) => Some(format!("policy {arn}")),
        ("instance-profile", _, name) => Some(format!("instance profile {name}")),
        (kind @ ("user" | "group" | "role"), _, name) => Some(format!("{kind} {name}")),
        _ => None,
    }
}

impl Iam {
    fn question<'a>(&self, call: &'a Call, need: &'a Need) -> Result<Question<'a>, Fault> {
        let mut question = Question {
            call,
            need,
            principal: principal(call),
            known: None,
            set: PolicySet::default(),
            target: None,
            owner: need.owner.clone(),
            plain: true,
            refused: None,
        };
        self.ask_identity(&mut question)?;
        self.ask_resource(&mut question)?;
        self.ask_organizations(&mut question)?;
        Ok(question)
    }

    /// The policies of the caller.
    fn ask_identity(&self, question: &mut Question<'_>) -> Result<(), Fault> {
        let (arn, id) = match &question.call.caller.identity {
            Identity::User { arn, id, .. } => (arn, id),
            Identity::Session(session) => {
                self.ask_session(question, &session.session_arn, &session.session_policies)?;
                (&session.role_arn, &session.role_id)
            }
            Identity::FederatedUser(user) => {
                self.ask_session(question, &user.session_arn, &user.session_policies)?;
                if user.session_policies.is_empty() {
                    self.ask_session(question, &user.session_arn, &[ALLOWS_NOTHING.to_owned()])?;
                }
                if user.user_arn.resource() == "root" {
                    return Ok(());
                }
                (&user.user_arn, &user.user_id)
            }
            _ => return Ok(()),
        };
        // A role made anew under an old name does not inherit the old one's sessions.
        match self.known(arn)?.filter(|known| known.id == *id) {
            Some(known) => {
                question.set.identity.clone_from(&known.identity);
                question.set.boundary.clone_from(&known.boundary);
                question.plain &= known.plain;
                question.known = Some(known);
            }
            None => question.refused = Some(format!("{arn}, whose credentials these are, has been deleted.")),
        }
        Ok(())
    }

    /// The policies given when the session was made.
    fn ask_session(&self, question: &mut Question<'_>, arn: &Arn, policies: &[String]) -> Result<(), Fault> {
        for (place, policy) in policies.iter().enumerate() {
            let parsed = self.documents.parse(policy).map_err(Fault::internal)?;
            question.plain &= parsed.plain;
            let label = Label {
                account: question.call.caller.account.clone(),
                kind: PolicyKind::Session,
                name: format!("session policy {}", place + 1),
                arn: None,
                attached_to: arn.to_string(),
            };
            question.set.session.push(Attached { label: Arc::new(label), document: parsed.document });
        }
        Ok(())
    }

    /// The policy of the resource, and whose it is.
    fn ask_resource(&self, question: &mut Question<'_>) -> Result<(), Fault> {
        let need = question.need;
        // A session of `GetFederationToken` has no role that could trust anybody.
        if TRUSTED.contains(&need.action.as_str()) && !need.resource.contains(":federated-user/") {
            return self.ask_role(question);
        }
        if need.action.starts_with("iam:") {
            // A need that names the owner of what an ARN tells anyway means that very ARN.
            if need.owner.is_none() {
                question.target = self.target(&need.resource)?;
            }
            return Ok(());
        }
        let service = need.resource.split(':').nth(2).unwrap_or_default();
        let Some(policies) = self.background.kernel().policies(service) else { return Ok(()) };
        let Some(policy) = policies.policy(&need.resource)? else { return Ok(()) };
        if let Some(json) = &policy.document {
            let parsed = self.documents.parse(json).map_err(Fault::internal)?;
            question.plain &= parsed.plain;
            let holder = policy_holder(&need.resource);
            let label = Label {
                account: Some(policy.owner.clone()),
                kind: PolicyKind::Resource,
                name: holder.clone(),
                arn: None,
                attached_to: holder,
            };
            question.set.resource = Some(Attached { label: Arc::new(label), document: parsed.document });
        }
        question.owner.get_or_insert(policy.owner);
        Ok(())
    }

    fn ask_role(&self, question: &mut Question<'_>) -> Result<(), Fault> {
        let role = question.need.resource.parse::<Arn>().ok();
        let known = match &role {
            Some(role) => self.known(role)?,
            None => None,
        };
        match known {
            Some(known) => {
                question.target = role.as_ref().map(|role| Target {
                    arn: role.to_string(),
                    tags: known.tags.clone(),
                    boundary: None,
                });
                question.set.trust.clone_from(&known.trust);
                question.plain &= known.trust_plain;
            }
            None => {
                let nobody = self.documents.parse(TRUSTS_NOBODY).map_err(Fault::internal)?;
                let label = Label {
                    account: role.as_ref().and_then(Arn::account_id),
                    kind: PolicyKind::Trust,
                    name: question.need.resource.clone(),
                    arn: None,
                    attached_to: question.need.resource.clone(),
                };
                question.set.trust = Some(Attached { label: Arc::new(label), document: nobody.document });
                question.refused = Some("There is no such role.".to_owned());
            }
        }
        Ok(())
    }

    /// The policies of the organizations of caller and resource. Those of services leave roles that are linked to
    /// a service alone ("Service control policies (SCPs)", tasks and entities not restricted by SCPs).
    fn ask_organizations(&self, question: &mut Question<'_>) -> Result<(), Fault> {
        if self.background.kernel().organizations().is_none() || question.is_of_service() {
            return Ok(());
        }
        let [caller, owner] = self.places(question)?;
        // A list of what AWS's services may do must not take away the explanation of its own denials.
        if let Some(place) = caller.filter(|_| !question.need.action.starts_with("mastic:")) {
            question.plain &= place.service_control.plain;
            question.set.service_control.clone_from(&place.service_control.policies);
        }
        if let Some(place) = owner.filter(|_| has_resource_control(&question.need.action)) {
            question.plain &= place.resource_control.plain;
            question.set.resource_control.clone_from(&place.resource_control.policies);
        }
        Ok(())
    }

    /// Where the caller's account and the resource's stand.
    fn places(&self, question: &Question<'_>) -> Result<[Option<Arc<Place>>; 2], Fault> {
        let own = question.principal.account();
        let caller = match &question.call.caller.account {
            Some(account) => self.place(account)?,
            None => None,
        };
        let owner = match question.request(&Context::new()).owner() {
            Some(owner) if own == Some(owner) => caller.clone(),
            Some(owner) => owner.parse().ok().map(|owner| self.place(&owner)).transpose()?.flatten(),
            None => None,
        };
        Ok([caller, owner])
    }

    /// The tags of what a need is about, as far as its service tells.
    fn resource_tags(&self, need: &Need) -> Result<Tags, Fault> {
        let Ok(arn) = need.resource.parse::<Arn>() else { return Ok(Tags::new()) };
        match self.background.kernel().tags(arn.service()) {
            Some(port) => port.tags(&arn),
            None => Ok(Tags::new()),
        }
    }

    fn full_context(&self, question: &Question<'_>) -> Result<Context, Fault> {
        let session = match (&question.call.caller.access_key_id, &question.call.caller.token) {
            (Some(id), Some(_)) => self.session(id)?,
            _ => None,
        };
        let [caller, owner] = self.places(question)?;
        Ok(context(&Facts {
            call: question.call,
            need: question.need,
            principal: &question.principal,
            known: question.known.as_deref(),
            session: session.as_deref(),
            target: question.target.as_ref(),
            tags: self.resource_tags(question.need)?,
            owner: question.owner.as_ref(),
            places: (caller.as_deref(), owner.as_deref()),
        }))
    }
}

impl Authorizer for Iam {
    fn decide(&self, call: &Call, need: &Need) -> Result<Verdict, Fault> {
        token_may(call, need)?;
        match &call.caller.identity {
            Identity::User { id, .. } => self.accesses.note(id, &need.action, &call.region, call.time),
            Identity::Session(session) => {
                self.accesses.note(&session.role_id, &need.action, &call.region, call.time);
            }
            _ => {}
        }
        let question = self.question(call, need)?;
        // Most statements with conditions are about other actions: then the context need not be made.
        let heeded = !question.plain && question.set.heeds_context(&need.action, question.resource());
        let context = if heeded { self.full_context(&question)? } else { Context::new() };
        let allowed = allows(&question.request(&context), &question.set) == Outcome::Allow;
        if allowed && question.refused.is_none() {
            return Ok(Verdict { allowed: true, text: String::new(), explanation: None });
        }
        let context = self.full_context(&question)?;
        let request = question.request(&context);
        let decision = decide(&request, &question.set);
        let text = question.denial(&request, &decision);
        let explanation = Some(Box::new(question.explained(&request, decision)));
        Ok(Verdict { allowed: false, text, explanation })
    }

    fn explain(&self, call: &Call, need: &Need) -> Result<Explanation, Fault> {
        let question = self.question(call, need)?;
        let context = self.full_context(&question)?;
        let request = question.request(&context);
        Ok(question.explained(&request, decide(&request, &question.set)))
    }

    fn patched(&self, call: &Call, patch: &Patch) -> Result<Option<String>, Fault> {
        self.present_document(call, patch)
    }
}

/// Credentials of `GetSessionToken` without MFA may not call IAM, those of `GetFederationToken` never ("Compare
/// AWS STS credentials").
fn token_may(call: &Call, need: &Need) -> Result<(), Fault> {
    let Some(token) = &call.caller.token else { return Ok(()) };
    // Passing a role is a permission of other services' calls, not a call of IAM.
    let iam = need.action.starts_with("iam:") && need.action != "iam:PassRole";
    let barred = match call.caller.identity {
        Identity::User { .. } | Identity::Root => iam && token.mfa.is_none() && !token.signed_in,
        Identity::FederatedUser(_) => iam,
        _ => false,
    };
    if barred {
        return Err(Fault::sender(
            "InvalidClientTokenId",
            "The security token included in the request is invalid",
        )
        .with_status(403));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iam_s_messages_name_what_exists_by_kind() {
        assert_eq!(
            shown_resource("iam:GetRole", "arn:aws:iam::111122223333:role/a/R").as_deref(),
            Some("role R")
        );
        assert_eq!(shown_resource("iam:PassRole", "arn:aws:iam::111122223333:role/R"), None);
        assert_eq!(shown_resource("iam:ListRoles", "arn:aws:iam::111122223333:role/"), None);
        assert_eq!(shown_resource("glue:GetTable", "arn:aws:glue:r:1:table/d/t"), None);
    }
}
