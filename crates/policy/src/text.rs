use crate::explanation::{considered, explain, who};
use crate::patch::Remedy;
use crate::patch_text::{Change, remedy_text};
use crate::reasons::Decision;
use crate::{Layer, Request};

impl Decision {
    /// The message of an access denied error in AWS's words ("Troubleshoot access denied error
    /// messages"). Where several layers refuse, it names one, as AWS does.
    #[must_use]
    pub fn denial_text(&self, request: &Request<'_>) -> String {
        let text = self.denial_text_for(&who(request.principal));
        match self.denying_policy(request) {
            Some(arn) => format!("{text}: {arn}"),
            None => text,
        }
    }

    /// As [`Decision::denial_text`] with other words for who was denied, for example
    /// `Service Principal: glue.amazonaws.com` for a service acting under a role.
    #[must_use]
    pub fn denial_text_for(&self, who: &str) -> String {
        let action = &self.action;
        let on = match self.resource.as_str() {
            "*" => String::new(),
            resource => format!(" on resource: {resource}"),
        };
        let why = match self.denying_layer() {
            Some(Layer::Trust) => " with an explicit deny in the role trust policy".to_owned(),
            Some(layer) => format!(" with an explicit deny in {} {layer}", article(layer)),
            None => match self.lacking.first() {
                Some(layer) => format!(" because no {layer} allows the {action} action"),
                None => String::new(),
            },
        };
        format!("{who} is not authorized to perform: {action}{on}{why}")
    }

    /// The ARN of the policy that denies, which AWS tells within an account and an organization ("Enhanced access
    /// denied error messages with policy ARNs", AWS Security Blog). A resource's own policy and inline policies have
    /// none.
    fn denying_policy(&self, request: &Request<'_>) -> Option<&str> {
        let ours = request.context.get("aws:PrincipalOrgID");
        let organization = !ours.is_empty() && ours == request.context.get("aws:ResourceOrgID");
        if request.cross_account() && !organization {
            return None;
        }
        let layer = self.denying_layer()?;
        let (policy, _) = self.denials().find(|(policy, _)| policy.layer == layer)?;
        policy.label.arn.as_deref()
    }

    /// The layer that an explicit deny is ascribed to: an organization's before an account's.
    fn denying_layer(&self) -> Option<Layer> {
        self.denials().map(|(policy, _)| policy.layer).min()
    }

    /// The decision explained to a person, in plain text of several lines.
    #[must_use]
    pub fn render(&self) -> String {
        let remedy = Remedy::of([self]);
        let steps: Vec<Change> = remedy.patches.into_iter().map(|patch| Change::new(patch, None)).collect();
        let mut out = format!("{}\nby {}\n", explain(&[self]), self.principal);
        if !self.is_allowed() {
            out.push_str(&format!("\n{}", remedy_text(&steps, &remedy.barriers)));
        }
        out.push_str(&format!("\nPolicies considered:\n{}", considered(&[self])));
        out
    }
}

fn article(layer: Layer) -> &'static str {
    if layer == Layer::Identity { "an" } else { "a" }
}
