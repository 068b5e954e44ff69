//! The authorizer: every decision of the server is taken here.

use std::sync::Arc;

use mastic_core::{AccountId, Arn, Fault};
use mastic_kernel::tags::Tags;
use mastic_kernel::{Authorizer, Call, Explanation, Identity, Need, Verdict};
use mastic_policy::{
    Attached, Context, Decision, Label, Outcome, Patch, PolicyKind, PolicySet, Principal, Request, allows,
    allows_in_any_context, authorization_message, decide, has_resource_control, policy_holder,
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

/// The caller of a call with all that bears on whatever it needs: the same for each need of the call.
struct Asking<'a> {
    call: &'a Call,
    principal: Principal,
    known: Option<Arc<Known>>,
    /// Where the caller's account stands in its organization.
    place: Option<Arc<Place>>,
    /// The caller's policies; those of what a need is about change from need to need.
    set: PolicySet,
    /// A reason that no policy can outweigh.
    refused: Option<String>,
}

impl Asking<'_> {
    /// Whether the caller is a role that is linked to a service.
    fn is_of_service(&self) -> bool {
        let role = self.principal.identity();
        role.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("role/aws-service-role/"))
    }
}

/// What a need is about, as far as it bears on the decision.
#[derive(Default)]
struct Subject {
    target: Option<Target>,
    owner: Option<AccountId>,
    /// Where the owner's account stands in its organization.
    place: Option<Arc<Place>>,
    /// A reason that no policy can outweigh.
    refused: Option<String>,
}

/// A need with all that bears on it.
struct Question<'a> {
    asking: &'a Asking<'a>,
    need: &'a Need,
    subject: Subject,
}

impl Question<'_> {
    fn resource(&self) -> &str {
        resource(self.need, &self.subject)
    }

    fn request<'q>(&'q self, context: &'q Context) -> Request<'q> {
        request(&self.asking.principal, self.need, &self.subject, context)
    }

    /// Why no policy can allow it.
    fn refused(&self) -> Option<&String> {
        self.asking.refused.as_ref().or(self.subject.refused.as_ref())
    }

    /// The decision as it is kept.
    fn explained(&self, request: &Request<'_>, decision: Decision) -> Explanation {
        let message =
            authorization_message(request, &self.asking.set, &decision, &self.asking.call.caller.user_id());
        Explanation {
            refused: self.refused().cloned(),
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

/// The ARN that the need is about, with the path that the request did not know.
fn resource<'q>(need: &'q Need, subject: &'q Subject) -> &'q str {
    subject.target.as_ref().map_or(need.resource.as_str(), |target| target.arn.as_str())
}

fn request<'q>(
    principal: &'q Principal,
    need: &'q Need,
    subject: &'q Subject,
    context: &'q Context,
) -> Request<'q> {
    let request = Request::new(principal, &need.action, resource(need, subject), context);
    let request = request.of_pattern(need.pattern);
    match &subject.owner {
        Some(owner) => request.owned_by(owner),
        None => request,
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
    fn asking<'a>(&self, call: &'a Call) -> Result<Asking<'a>, Fault> {
        let mut asking = Asking {
            call,
            principal: principal(call),
            known: None,
            place: None,
            set: PolicySet::default(),
            refused: None,
        };
        self.ask_identity(&mut asking)?;
        if let Some(account) = &call.caller.account {
            asking.place = self.place(account)?;
        }
        Ok(asking)
    }

    /// The policies of the caller.
    fn ask_identity(&self, asking: &mut Asking<'_>) -> Result<(), Fault> {
        let (arn, id) = match &asking.call.caller.identity {
            Identity::User { arn, id, .. } => (arn, id),
            Identity::Session(session) => {
                self.ask_session(asking, &session.session_arn, &session.session_policies)?;
                (&session.role_arn, &session.role_id)
            }
            Identity::FederatedUser(user) => {
                self.ask_session(asking, &user.session_arn, &user.session_policies)?;
                if user.session_policies.is_empty() {
                    self.ask_session(asking, &user.session_arn, &[ALLOWS_NOTHING.to_owned()])?;
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
                asking.set.identity.clone_from(&known.identity);
                asking.set.boundary.clone_from(&known.boundary);
                asking.known = Some(known);
            }
            None => asking.refused = Some(format!("{arn}, whose credentials these are, has been deleted.")),
        }
        Ok(())
    }

    /// The policies given when the session was made.
    fn ask_session(&self, asking: &mut Asking<'_>, arn: &Arn, policies: &[String]) -> Result<(), Fault> {
        for (place, policy) in policies.iter().enumerate() {
            let document = self.documents.parse(policy).map_err(Fault::internal)?;
            let label = Label {
                account: asking.call.caller.account.clone(),
                kind: PolicyKind::Session,
                name: format!("session policy {}", place + 1),
                arn: None,
                attached_to: arn.to_string(),
            };
            asking.set.session.push(Attached { label: Arc::new(label), document });
        }
        Ok(())
    }

    /// Turns to the next need of the call.
    fn turn<'a>(&self, asking: &'a mut Asking<'_>, need: &'a Need) -> Result<Question<'a>, Fault> {
        asking.set.resource = None;
        asking.set.trust = None;
        let mut subject = Subject { owner: need.owner.clone(), ..Subject::default() };
        self.ask_resource(&mut asking.set, need, &mut subject)?;
        if self.background.kernel().organizations().is_some() {
            self.ask_organizations(asking, need, &mut subject)?;
        }
        Ok(Question { asking, need, subject })
    }

    /// The policy of the resource, and whose it is.
    fn ask_resource(&self, set: &mut PolicySet, need: &Need, subject: &mut Subject) -> Result<(), Fault> {
        // A session of `GetFederationToken` has no role that could trust anybody.
        if TRUSTED.contains(&need.action.as_str()) && !need.resource.contains(":federated-user/") {
            return self.ask_role(set, need, subject);
        }
        if need.action.starts_with("iam:") {
            // A need that names the owner of what an ARN tells anyway means that very ARN.
            if need.owner.is_none() {
                subject.target = self.target(&need.resource)?;
            }
            return Ok(());
        }
        let service = need.resource.split(':').nth(2).unwrap_or_default();
        let Some(policies) = self.background.kernel().policies(service) else { return Ok(()) };
        let Some(policy) = policies.policy(&need.resource)? else { return Ok(()) };
        if let Some(json) = &policy.document {
            let document = self.documents.parse(json).map_err(Fault::internal)?;
            let holder = policy_holder(&need.resource);
            let label = Label {
                account: Some(policy.owner.clone()),
                kind: PolicyKind::Resource,
                name: holder.clone(),
                arn: None,
                attached_to: holder,
            };
            set.resource = Some(Attached { label: Arc::new(label), document });
        }
        subject.owner.get_or_insert(policy.owner);
        Ok(())
    }

    fn ask_role(&self, set: &mut PolicySet, need: &Need, subject: &mut Subject) -> Result<(), Fault> {
        let role = need.resource.parse::<Arn>().ok();
        let known = match &role {
            Some(role) => self.known(role)?,
            None => None,
        };
        match known {
            Some(known) => {
                subject.target = role.as_ref().map(|role| Target {
                    arn: role.to_string(),
                    tags: known.tags.clone(),
                    boundary: None,
                });
                set.trust.clone_from(&known.trust);
            }
            None => {
                let nobody = self.documents.parse(TRUSTS_NOBODY).map_err(Fault::internal)?;
                let label = Label {
                    account: role.as_ref().and_then(Arn::account_id),
                    kind: PolicyKind::Trust,
                    name: need.resource.clone(),
                    arn: None,
                    attached_to: need.resource.clone(),
                };
                set.trust = Some(Attached { label: Arc::new(label), document: nobody });
                subject.refused = Some("There is no such role.".to_owned());
            }
        }
        Ok(())
    }

    /// The policies of the organizations of caller and resource. Those of services leave roles that are linked to
    /// a service alone ("Service control policies (SCPs)", tasks and entities not restricted by SCPs).
    fn ask_organizations(
        &self,
        asking: &mut Asking<'_>,
        need: &Need,
        subject: &mut Subject,
    ) -> Result<(), Fault> {
        asking.set.service_control.clear();
        asking.set.resource_control.clear();
        let context = Context::new();
        let owner = request(&asking.principal, need, subject, &context).owner();
        subject.place = match owner {
            Some(owner) if asking.principal.account() == Some(owner) => asking.place.clone(),
            Some(owner) => owner.parse().ok().map(|owner| self.place(&owner)).transpose()?.flatten(),
            None => None,
        };
        if asking.is_of_service() {
            return Ok(());
        }
        // A list of what AWS's services may do must not take away the explanation of its own denials.
        if let Some(place) = asking.place.as_ref().filter(|_| !need.action.starts_with("mastic:")) {
            asking.set.service_control.clone_from(&place.service_control);
        }
        if let Some(place) = subject.place.as_ref().filter(|_| has_resource_control(&need.action)) {
            asking.set.resource_control.clone_from(&place.resource_control);
        }
        Ok(())
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
        let Question { asking, need, subject } = question;
        let session = match (&asking.call.caller.access_key_id, &asking.call.caller.token) {
            (Some(id), Some(_)) => self.session(id)?,
            _ => None,
        };
        Ok(context(&Facts {
            call: asking.call,
            need,
            principal: &asking.principal,
            known: asking.known.as_deref(),
            session: session.as_deref(),
            target: subject.target.as_ref(),
            tags: self.resource_tags(need)?,
            owner: subject.owner.as_ref(),
            places: (asking.place.as_deref(), subject.place.as_deref()),
        }))
    }

    /// Notes the try for the reports of last access, whatever comes of it.
    fn note(&self, call: &Call, need: &Need) {
        let principal = match &call.caller.identity {
            Identity::User { id, .. } => id,
            Identity::Session(session) => &session.role_id,
            _ => return,
        };
        self.accesses.note(principal, &need.action, &call.region, call.time);
    }

    /// Decides about what nobody has tried: no report of last access shall show it.
    pub(crate) fn settle(&self, call: &Call, need: &Need) -> Result<Verdict, Fault> {
        token_may(call, need)?;
        let mut asking = self.asking(call)?;
        self.verdict(&self.turn(&mut asking, need)?)
    }

    fn verdict(&self, question: &Question<'_>) -> Result<Verdict, Fault> {
        let allowed = |outcome: Outcome| outcome == Outcome::Allow && question.refused().is_none();
        let set = &question.asking.set;
        let yes = Verdict { allowed: true, text: String::new(), explanation: None };
        if allows_in_any_context(&question.request(&Context::new()), set).is_some_and(allowed) {
            return Ok(yes);
        }
        let context = self.full_context(question)?;
        let request = question.request(&context);
        if allowed(allows(&request, set)) {
            return Ok(yes);
        }
        let decision = decide(&request, set);
        let text = question.denial(&request, &decision);
        let explanation = Some(Box::new(question.explained(&request, decision)));
        Ok(Verdict { allowed: false, text, explanation })
    }
}

impl Authorizer for Iam {
    fn decide(&self, call: &Call, need: &Need) -> Result<Verdict, Fault> {
        token_may(call, need)?;
        self.note(call, need);
        let mut asking = self.asking(call)?;
        self.verdict(&self.turn(&mut asking, need)?)
    }

    fn decide_all(&self, call: &Call, needs: &[Need]) -> Result<Vec<Verdict>, Fault> {
        let mut asking = self.asking(call)?;
        let verdict = |need| {
            token_may(call, need)?;
            self.note(call, need);
            self.verdict(&self.turn(&mut asking, need)?)
        };
        needs.iter().map(verdict).collect()
    }

    fn explain(&self, call: &Call, need: &Need) -> Result<Explanation, Fault> {
        let mut asking = self.asking(call)?;
        let question = self.turn(&mut asking, need)?;
        let context = self.full_context(&question)?;
        let request = question.request(&context);
        Ok(question.explained(&request, decide(&request, &question.asking.set)))
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
