use crate::{Effect, PolicyError, Principal, Request};

/// How directly a resource-based policy speaks to a caller. Within one account this decides which
/// other layers must agree ("Policy evaluation logic", the table of resource-based policies and
/// implicit denies in other policy types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Not at all.
    No,
    /// To the caller's account, which must pass the permission on by identity-based policies.
    Account,
    /// To the role (or federating user) behind the session: boundary and session policies limit it.
    Role,
    /// To the user or session itself, or to everyone: nothing but a deny limits it.
    Direct,
}

/// One entry of a `Principal` or `NotPrincipal` element.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Anyone,
    Account(Box<str>),
    Arn(Box<str>),
    UniqueId(Box<str>),
    Service(Box<str>),
    Federated(Box<str>),
    CanonicalUser(Box<str>),
}

/// A `Principal` or `NotPrincipal` element.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) negated: bool,
    /// Written as bare `"*"` and not as `{"AWS": "*"}`.
    pub(crate) star: bool,
    texts: Vec<(String, String)>,
    names: Vec<Name>,
}

impl Named {
    pub(crate) fn star(negated: bool) -> Self {
        Self { negated, star: true, texts: vec![("AWS".into(), "*".into())], names: vec![Name::Anyone] }
    }

    /// From pairs such as `("AWS", "111122223333")`.
    ///
    /// # Errors
    /// A kind that does not exist, or a value that can name nobody.
    pub(crate) fn new(texts: Vec<(String, String)>, negated: bool) -> Result<Self, PolicyError> {
        let names = texts.iter().map(|(kind, value)| name(kind, value)).collect::<Result<_, _>>()?;
        Ok(Self { negated, star: false, texts, names })
    }

    /// The entries as written: kind and value.
    pub(crate) fn texts(&self) -> &[(String, String)] {
        &self.texts
    }

    /// Whether, and how directly, the element speaks of the caller.
    pub(crate) fn reach(&self, request: &Request<'_>, effect: Effect) -> Reach {
        if !self.negated {
            return self.names.iter().map(|name| reach(name, request)).max().unwrap_or(Reach::No);
        }
        // A caller is an account, a user or role, and perhaps a session at once. An exemption from
        // a Deny must list each ("AWS JSON policy elements: NotPrincipal").
        let exempt = match effect {
            Effect::Deny => self.lists_all(request),
            Effect::Allow => self.names.iter().any(|name| reach(name, request) > Reach::No),
        };
        if exempt { Reach::No } else { Reach::Direct }
    }

    fn lists_all(&self, request: &Request<'_>) -> bool {
        let level = |want: Reach| self.names.iter().any(|name| reach(name, request) == want);
        if self.names.contains(&Name::Anyone) {
            return true;
        }
        match request.principal {
            Principal::User { .. } => level(Reach::Account) && level(Reach::Direct),
            Principal::Session { .. } | Principal::FederatedUser { .. } => {
                level(Reach::Account) && level(Reach::Role) && level(Reach::Direct)
            }
            _ => level(Reach::Direct),
        }
    }
}

fn name(kind: &str, value: &str) -> Result<Name, PolicyError> {
    let invalid = |kind| PolicyError::InvalidPrincipal { kind, value: value.to_owned() };
    let wild = value.is_empty() || value.contains(['*', '?']);
    match kind {
        "AWS" if value == "*" => Ok(Name::Anyone),
        "AWS" => aws(value).filter(|_| !wild).ok_or_else(|| invalid("AWS")),
        "Service" if wild => Err(invalid("SERVICE")),
        "Service" => Ok(Name::Service(value.into())),
        "Federated" if wild => Err(invalid("FEDERATED")),
        "Federated" => Ok(Name::Federated(value.into())),
        "CanonicalUser" if wild => Err(invalid("CANONICALUSER")),
        "CanonicalUser" => Ok(Name::CanonicalUser(value.into())),
        _ => Err(PolicyError::Syntax),
    }
}

fn aws(value: &str) -> Option<Name> {
    let account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if account(value) {
        return Some(Name::Account(value.into()));
    }
    let unique = ["AIDA", "AROA"].iter().any(|prefix| value.starts_with(prefix));
    if unique && value.len() >= 16 && value.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Some(Name::UniqueId(value.into()));
    }
    let mut parts = value.splitn(6, ':');
    let (arn, _partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, owner, resource) = (parts.next()?, parts.next()?, parts.next()?);
    if arn != "arn" || !region.is_empty() {
        return None;
    }
    let starts = |prefixes: &[&str]| {
        prefixes.iter().any(|p| resource.strip_prefix(p).is_some_and(|name| !name.is_empty()))
    };
    match service {
        "iam" if resource == "root" && account(owner) => Some(Name::Account(owner.into())),
        "iam" if starts(&["user/", "role/"]) => Some(Name::Arn(value.into())),
        "sts" if account(owner) && starts(&["assumed-role/", "federated-user/"]) => {
            Some(Name::Arn(value.into()))
        }
        _ => None,
    }
}

fn reach(name: &Name, request: &Request<'_>) -> Reach {
    let when = |is: bool, reach: Reach| if is { reach } else { Reach::No };
    match (name, request.principal) {
        (Name::Anyone, _) => Reach::Direct,
        (Name::Account(own), Principal::Root { account }) => when(**own == *account.as_str(), Reach::Direct),
        (Name::Account(own), principal) => when(principal.account() == Some(own), Reach::Account),
        (Name::Arn(own), Principal::User { arn }) => when(**own == *arn.as_str(), Reach::Direct),
        (
            Name::Arn(own),
            Principal::Session { role: base, session } | Principal::FederatedUser { user: base, session },
        ) => {
            if **own == *session.as_str() {
                Reach::Direct
            } else {
                when(**own == *base.as_str(), Reach::Role)
            }
        }
        (Name::UniqueId(own), Principal::User { .. } | Principal::Session { .. }) => {
            match request.context.single("aws:userid").map(|id| id.split_once(':').unwrap_or((id, ""))) {
                Some((id, "")) => when(id == &**own, Reach::Direct),
                Some((id, _session)) => when(id == &**own, Reach::Role),
                None => Reach::No,
            }
        }
        (Name::Service(own), Principal::Service { name }) => when(**own == **name, Reach::Direct),
        (Name::Federated(own), Principal::Federated { provider }) => when(**own == **provider, Reach::Direct),
        (Name::CanonicalUser(own), principal) if principal.has_identity() => {
            when(request.canonical_user == Some(own), Reach::Account)
        }
        _ => Reach::No,
    }
}
