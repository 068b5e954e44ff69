//! Patches told to people.

use serde::{Deserialize, Serialize};

use crate::names::{self, thing};
use crate::patch_command::Means;
use crate::{Barrier, Layer, Patch};

/// A patch, ready to be applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The patch.
    pub patch: Patch,
    /// The whole document with the patch in it; none where the present one is not known.
    pub document: Option<String>,
    /// The command of the AWS CLI that applies it.
    pub command: Option<String>,
    /// What stands in the way of a command.
    pub note: Option<String>,
    /// The command over several lines.
    #[serde(skip)]
    shown: Option<String>,
}

impl Change {
    /// The patch over a policy's present document: `None` where it has none, or where it may not be shown.
    #[must_use]
    pub fn new(patch: Patch, existing: Option<&str>) -> Self {
        let note = |text: &str| Some(text.to_owned());
        let means = patch.means();
        let replaced = means == Means::Replace && patch.policy.is_some();
        let (document, shown, note) = match (means, existing) {
            (Means::Session, _) => (
                None,
                None,
                note("A session policy is given when the session is made: make a new one with this in it."),
            ),
            (Means::Fixed, _) => {
                (None, None, note("The policy is AWS's own: put one of yours beside or in place of it."))
            }
            (_, None) if replaced => {
                (None, None, note("You may not read what is in the policy: its owner adds this to it."))
            }
            (_, existing) => match (patch.document(existing), patch.pretty_document(existing)) {
                (Ok(document), Ok(pretty)) => (Some(document), Some(pretty), None),
                (Err(error), _) | (_, Err(error)) => {
                    (None, None, Some(format!("This cannot be added: {error}.")))
                }
            },
        };
        let command = document.as_deref().and_then(|document| patch.command(document));
        let shown = match (replaced, shown) {
            // What is new is shown by itself; the rest is there already.
            (true, Some(_)) => command.clone(),
            (_, shown) => shown.and_then(|document| patch.command(&document)),
        };
        Self { patch, document, command, note, shown }
    }

    /// Where the patch goes, as a title.
    #[must_use]
    pub fn place(&self) -> String {
        let patch = &self.patch;
        let account =
            patch.account.as_ref().map(|account| format!(", account {account}")).unwrap_or_default();
        let of = thing(&patch.attached_to);
        let place = match (patch.layer, &patch.policy) {
            (Layer::Identity, _) => format!("a new inline policy of {of}"),
            (Layer::Resource, _) => format!("the {}", names::resource_policy(&patch.attached_to)),
            (layer, Some(label)) => format!("the {}", names::policy(layer, label)),
            (layer, None) => format!("a {layer} of {of}"),
        };
        format!("{place}{account}")
    }

    /// The step in full, each line indented by `indent` spaces.
    #[must_use]
    pub fn text(&self, indent: usize) -> String {
        let mut parts = Vec::new();
        let alone = self.patch.means() == Means::New || self.patch.policy.is_none();
        if self.shown.is_none() || !alone {
            parts.extend(self.patch.pretty_statements());
        }
        parts.extend(self.shown.clone());
        parts.extend(self.note.clone());
        let lines = parts.join("\n\n");
        lines.lines().map(|line| format!("{:indent$}{line}", "").trim_end().to_owned() + "\n").collect()
    }
}

/// All that has to be done, for people.
#[must_use]
pub fn remedy_text(steps: &[Change], barriers: &[Barrier]) -> String {
    let mut out = String::new();
    for barrier in barriers {
        let statement = names::statement(barrier.index, barrier.sid.as_deref());
        let arn = barrier.policy.arn.as_ref().map(|arn| format!(" ({arn})")).unwrap_or_default();
        let policy = names::policy(barrier.layer, &barrier.policy);
        out.push_str(&format!(
            "No statement outweighs a deny: {statement} of {policy}{arn} has to go, or to except\n"
        ));
        for (action, resource) in &barrier.forbids {
            out.push_str(&format!("    {action} on {resource}\n"));
        }
    }
    let Some(first) = steps.first() else { return out };
    if !out.is_empty() {
        out.push('\n');
    }
    let also = if barriers.is_empty() { "" } else { " besides" };
    match steps {
        [_] => out.push_str(&format!("To allow it{also}, add to {}:\n\n{}", first.place(), first.text(4))),
        steps => {
            out.push_str(&format!("To allow it{also}, add\n"));
            for (place, step) in steps.iter().enumerate() {
                out.push_str(&format!("\n  {}. to {}:\n\n{}", place + 1, step.place(), step.text(4)));
            }
        }
    }
    out
}
