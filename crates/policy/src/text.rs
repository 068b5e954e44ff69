use std::fmt::Write;

use crate::document::Effect;
use crate::missing::Missing;
use crate::reasons::{Decision, Miss, Outcome, PolicyReport, StatementReport};
use crate::{Layer, PolicyKind, Principal, Request};

impl Decision {
    /// The message of an access denied error in AWS's words ("Troubleshoot access denied error
    /// messages"). Where several layers refuse, it names one, as AWS does.
    #[must_use]
    pub fn denial_text(&self, request: &Request<'_>) -> String {
        let kind = match request.principal {
            Principal::Service { .. } => "Service Principal",
            _ => "User",
        };
        self.denial_text_for(&format!("{kind}: {}", request.principal.name()))
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

    /// The layer that an explicit deny is ascribed to: an organization's before an account's.
    fn denying_layer(&self) -> Option<Layer> {
        self.denials().map(|(policy, _)| policy.layer).min()
    }

    /// The decision explained to a person, in plain text of several lines.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        // Writing to a `String` cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let verdict = match self.outcome {
            Outcome::Allow => "ALLOWED",
            Outcome::ExplicitDeny => "DENIED, explicitly",
            Outcome::ImplicitDeny => "DENIED, for want of permission",
        };
        writeln!(out, "{verdict}")?;
        writeln!(out, "  principal  {}", self.principal)?;
        writeln!(out, "  action     {}", self.action)?;
        writeln!(out, "  resource   {}", self.resource)?;
        writeln!(out, "\nWhy:")?;
        if self.cross_account {
            writeln!(out, "  - The resource is another account's: both accounts have to allow the call.")?;
        }
        match self.outcome {
            Outcome::Allow => {
                for (policy, statement) in self.permissions() {
                    writeln!(out, "  - {} of {} allows it.", name(statement), place(policy))?;
                }
                if self.permissions().next().is_none() {
                    writeln!(out, "  - The root user may do everything in its own account.")?;
                }
            }
            Outcome::ExplicitDeny => {
                for (policy, statement) in self.denials() {
                    writeln!(out, "  - {} of {} denies it.", name(statement), place(policy))?;
                }
            }
            Outcome::ImplicitDeny => {
                for layer in &self.lacking {
                    writeln!(out, "  - No {layer} allows it.")?;
                }
            }
        }
        if !self.is_allowed() {
            self.write_near_misses(out)?;
            writeln!(out, "\nTo allow it:")?;
            for missing in &self.missing {
                write_missing(out, missing)?;
            }
        }
        writeln!(out, "\nPolicies asked:")?;
        if self.policies.is_empty() {
            writeln!(out, "  none")?;
        }
        for policy in &self.policies {
            writeln!(out, "  {}", place(policy))?;
            for statement in &policy.statements {
                let said = match &statement.miss {
                    None if statement.delegates => "applies, to the caller's account".to_owned(),
                    None => "applies".to_owned(),
                    Some(miss) => explain(miss, &self.resource),
                };
                writeln!(out, "    {} ({:?}): {said}", name(statement), statement.effect)?;
            }
        }
        Ok(())
    }

    /// Statements that would have allowed, had one thing been different.
    fn write_near_misses(&self, out: &mut String) -> std::fmt::Result {
        let mut near = self.policies.iter().flat_map(|policy| {
            let close = |s: &&StatementReport| {
                s.effect == Effect::Allow && s.miss.as_ref().is_some_and(|miss| *miss != Miss::Action)
            };
            policy.statements.iter().filter(close).map(move |statement| (policy, statement))
        });
        let Some(first) = near.next() else { return Ok(()) };
        writeln!(out, "\nClose, but:")?;
        for (policy, statement) in std::iter::once(first).chain(near) {
            if let Some(miss) = &statement.miss {
                let said = explain(miss, &self.resource);
                writeln!(out, "  - {} of {}: {said}", name(statement), place(policy))?;
            }
        }
        Ok(())
    }
}

fn write_missing(out: &mut String, missing: &Missing) -> std::fmt::Result {
    match missing {
        Missing::Allow { layer, account, attached_to, policy, statement, .. } => {
            write!(out, "  - Add to ")?;
            match policy {
                Some(label) if has_one_policy(label.kind) => write!(out, "{label}")?,
                Some(label) => write!(out, "the {layer}, {label}")?,
                None => write!(out, "{} {layer} of {attached_to}", article(*layer))?,
            }
            if let Some(account) = account {
                write!(out, ", account {account}")?;
            }
            writeln!(out, ":\n      {}", statement)
        }
        Missing::Deny { layer, policy, index, sid } => {
            let sid = sid.as_deref().map(|sid| format!(" `{sid}`")).unwrap_or_default();
            writeln!(out, "  - Remove or narrow statement {}{sid} of the {layer}, {policy}.", index + 1)
        }
    }
}

/// Whether what it stands at has exactly one policy of the kind.
fn has_one_policy(kind: PolicyKind) -> bool {
    matches!(kind, PolicyKind::Resource | PolicyKind::Trust)
}

fn article(layer: Layer) -> &'static str {
    if layer == Layer::Identity { "an" } else { "a" }
}

fn name(statement: &StatementReport) -> String {
    match &statement.sid {
        Some(sid) => format!("statement {} `{sid}`", statement.index + 1),
        None => format!("statement {}", statement.index + 1),
    }
}

fn place(policy: &PolicyReport) -> String {
    match policy.layer {
        Layer::ServiceControl | Layer::ResourceControl => {
            format!("the {} of level {}, {}", policy.layer, policy.level, policy.label)
        }
        _ if has_one_policy(policy.label.kind) => policy.label.to_string(),
        layer => format!("the {layer}, {}", policy.label),
    }
}

fn explain(miss: &Miss, resource: &str) -> String {
    match miss {
        Miss::Action => "is about other actions".to_owned(),
        Miss::Resource { wanted, except: false } => {
            format!("is about {}, not {resource}", list(wanted))
        }
        Miss::Resource { wanted, .. } => format!("excepts {}", list(wanted)),
        Miss::Principal { wanted, except: false } => format!("is about other principals: {}", list(wanted)),
        Miss::Principal { wanted, .. } => format!("excepts {}", list(wanted)),
        Miss::Condition { operator, key, wanted, actual } => {
            let have = if actual.is_empty() {
                "does not have it".to_owned()
            } else {
                format!("has {}", list(actual))
            };
            format!("its condition {operator} {key} {} is not met: the request {have}", list(wanted))
        }
    }
}

fn list(texts: &[String]) -> String {
    if texts.is_empty() { "nothing".to_owned() } else { texts.join(" or ") }
}
