use crate::Context;

/// A policy variable, `${key}` or `${key, 'default'}` ("IAM policy elements: Variables and tags").
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    name: Box<str>,
    key: Box<str>,
    default: Option<Box<str>>,
}

/// What stands between `${` and `}`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Placeholder {
    /// `${*}`, `${?}` or `${$}`: the character itself.
    Char(char),
    Variable(Variable),
}

impl Variable {
    /// The key as written.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The value in this request: the key's only value, else the default, else nothing.
    pub(crate) fn resolve<'a>(&'a self, context: &'a Context) -> Option<&'a str> {
        context.single(&self.key).or(self.default.as_deref())
    }
}

/// Reads the placeholder that `text` starts with and what follows it; `None` where there is none,
/// and the text stands for itself.
pub(crate) fn placeholder(text: &str) -> Option<(Placeholder, &str)> {
    let (inner, rest) = text.strip_prefix("${")?.split_once('}')?;
    let found = match inner {
        "*" => Placeholder::Char('*'),
        "?" => Placeholder::Char('?'),
        "$" => Placeholder::Char('$'),
        _ => Placeholder::Variable(variable(inner)?),
    };
    Some((found, rest))
}

fn variable(inner: &str) -> Option<Variable> {
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => {
            let quoted = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            (key, Some(quoted.into()))
        }
        None => (inner, None),
    };
    let key = key.trim();
    (!key.is_empty()).then(|| Variable { name: key.into(), key: key.to_lowercase().into(), default })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_placeholder() {
        let context = Context::from_iter([("aws:username", "alice")]);
        let value = |text| match placeholder(text) {
            Some((Placeholder::Variable(v), rest)) => (v.resolve(&context).map(str::to_owned), rest),
            other => panic!("{other:?}"),
        };
        assert_eq!(value("${AWS:UserName}/x"), (Some("alice".into()), "/x"));
        assert_eq!(value("${aws:PrincipalTag/team, 'all of us'}"), (Some("all of us".into()), ""));
        assert_eq!(value("${aws:username, 'nobody'}"), (Some("alice".into()), ""));
        assert_eq!(value("${aws:userid}"), (None, ""));
        assert_eq!(placeholder("${*}x"), Some((Placeholder::Char('*'), "x")));
        for text in ["x", "$", "${", "${a", "${}", "${a, b}", "${, 'b'}"] {
            assert_eq!(placeholder(text), None, "{text}");
        }
    }
}
