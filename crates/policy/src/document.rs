use serde::{Deserialize, Serialize};

use crate::PolicyError;
use crate::condition::Condition;
use crate::gate::{Gate, Screen};
use crate::named::Named;
use crate::pattern::Pattern;
use crate::position::{Place, Span};
use crate::validate;

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Permits.
    Allow,
    /// Forbids, whatever else permits.
    Deny,
}

/// The version of the policy language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Version {
    /// Without policy variables; the default.
    #[serde(rename = "2008-10-17")]
    V2008,
    /// With policy variables.
    #[serde(rename = "2012-10-17")]
    V2012,
}

/// Where a document is to be used, which decides what it must and must not say ("IAM JSON policy
/// elements reference").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// Inline and session policies: whom it concerns is not in it.
    Identity,
    /// A managed policy: as `Identity`, in the newer language only.
    Managed,
    /// Who may assume a role: the role itself is the resource.
    Trust,
    /// On a resource, such as a bucket or a catalog.
    Resource,
    /// A service control policy ("SCP syntax").
    ServiceControl,
    /// A resource control policy that a customer writes: it can only deny ("RCP syntax").
    ResourceControl,
}

/// A parsed and compiled policy document.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) version: Version,
    pub(crate) id: Option<String>,
    pub(crate) statements: Vec<Statement>,
    /// One for each statement.
    pub(crate) screens: Box<[Screen]>,
    /// What its statements with each effect may matter to.
    pub(crate) allows: Gate,
    pub(crate) denies: Gate,
}

impl Document {
    pub(crate) fn new(version: Version, id: Option<String>, statements: Vec<Statement>) -> Self {
        let screens: Box<[Screen]> = statements.iter().map(Screen::of).collect();
        let gate = |effect| {
            let own = screens.iter().filter(|screen| screen.effect == effect);
            own.map(|screen| screen.gate).fold(Gate::default(), Gate::or)
        };
        let (allows, denies) = (gate(Effect::Allow), gate(Effect::Deny));
        Self { version, id, statements, screens, allows, denies }
    }

    /// Parses a document of any kind: the grammar is checked, not what the kind asks for.
    ///
    /// # Errors
    /// The first fault, with AWS's text for `MalformedPolicyDocument`.
    pub fn parse(json: &str) -> Result<Self, PolicyError> {
        validate::checked(json, None)
    }

    /// Parses a document for a certain use.
    ///
    /// # Errors
    /// The first fault, with AWS's text for `MalformedPolicyDocument`.
    pub fn parse_as(json: &str, kind: DocumentKind) -> Result<Self, PolicyError> {
        validate::checked(json, Some(kind))
    }

    /// The language's version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The document's `Id`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The statements, in their order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

/// The list of an element such as `Action`, or of its `Not` form.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) negated: bool,
    pub(crate) patterns: Vec<Pattern>,
}

impl Part {
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().map(Pattern::text)
    }
}

/// One statement of a document.
#[derive(Debug, Clone)]
pub struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    pub(crate) principal: Option<Named>,
    pub(crate) action: Option<Part>,
    pub(crate) resource: Option<Part>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) place: Place,
}

impl Statement {
    /// The statement's `Sid`.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// What it does when it applies.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The entries of `Principal` or `NotPrincipal`, as kind (`AWS`, `Service`, ...) and value; a
    /// bare `"*"` is `("AWS", "*")`.
    pub fn principals(&self) -> impl Iterator<Item = (&str, &str)> {
        let texts = self.principal.as_ref().map(Named::texts).unwrap_or_default();
        texts.iter().map(|(kind, value)| (kind.as_str(), value.as_str()))
    }

    /// The entries of `Action` or `NotAction` as written.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.action.iter().flat_map(Part::texts)
    }

    /// Whether the actions are those of a `NotAction`.
    #[must_use]
    pub fn excepts_actions(&self) -> bool {
        self.action.as_ref().is_some_and(|part| part.negated)
    }

    /// The entries of `Resource` or `NotResource` as written.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.resource.iter().flat_map(Part::texts)
    }

    /// Where it stands in the text that was parsed, from brace to brace.
    #[must_use]
    pub fn span(&self) -> Span {
        self.place.span
    }

    /// Where it stands as `SimulateCustomPolicy` and `SimulatePrincipalPolicy` tell it: in a list
    /// from where the part before it ends, alone from behind its opening brace.
    #[must_use]
    pub fn simulated_span(&self) -> Span {
        self.place.simulated
    }

    /// Whether what it says depends on the request's context: by conditions, policy variables, or the
    /// unique ids of principals.
    #[must_use]
    pub fn is_contextual(&self) -> bool {
        self.is_conditional()
            || self.resources().any(|text| text.contains("${"))
            || self.principals().any(|(_, value)| value.starts_with("AIDA") || value.starts_with("AROA"))
    }

    /// Whether there are conditions.
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        !self.conditions.is_empty()
    }
}
