use crate::condition::Condition;
use crate::document::{Document, Effect, Part, Statement, Version};
use crate::error::PolicyError;
use crate::json::Json;
use crate::named::Named;
use crate::pattern::{Pattern, Syntax};
use crate::position::{self, Place};

/// JSON to a compiled document. Elements that the language does not have, or of the wrong type,
/// are errors; what a kind of document must have is not asked here.
///
/// The second value is a fault of values in an otherwise well-formed document.
pub(crate) fn document(json: &str) -> Result<(Document, Option<PolicyError>), PolicyError> {
    let Ok(Json::Map(members)) = serde_json::from_str(json) else { return Err(PolicyError::Json) };
    let mut version = Version::V2008;
    let (mut id, mut list) = (None, Vec::new());
    for (name, value) in members {
        match (name.as_str(), value) {
            ("Version", Json::Text(text)) => {
                version = match text.as_str() {
                    "2008-10-17" => Version::V2008,
                    "2012-10-17" => Version::V2012,
                    _ => return Err(PolicyError::VersionString),
                }
            }
            ("Id", Json::Text(text)) => id = Some(text),
            ("Statement", Json::List(statements)) => list = statements,
            ("Statement", statement @ Json::Map(_)) => list = vec![statement],
            _ => return Err(PolicyError::Syntax),
        }
    }
    if list.is_empty() {
        return Err(PolicyError::NoStatements);
    }
    let mut parser = Parser { variables: version == Version::V2012, fault: None };
    let placed = list.into_iter().zip(position::statements(json));
    let statements = placed.map(|(json, place)| parser.statement(json, place)).collect::<Result<_, _>>()?;
    Ok((Document::new(version, id, statements), parser.fault))
}

struct Parser {
    variables: bool,
    /// The first value that will not do: AWS looks at these once the syntax is right.
    fault: Option<PolicyError>,
}

impl Parser {
    fn statement(&mut self, json: Json, place: Place) -> Result<Statement, PolicyError> {
        let Json::Map(members) = json else { return Err(PolicyError::Syntax) };
        let (mut sid, mut effect, mut conditions) = (None, None, Vec::new());
        let (mut principal, mut action, mut resource) = (None, None, None);
        for (name, value) in members {
            let negated = name.starts_with("Not");
            match name.as_str() {
                "Sid" => match value {
                    Json::Text(text) => sid = Some(text),
                    _ => return Err(PolicyError::Syntax),
                },
                "Effect" => match value {
                    Json::Text(text) => effect = Some(self.effect(text)?),
                    _ => return Err(PolicyError::Syntax),
                },
                "Principal" | "NotPrincipal" => once(&mut principal, parse_principal(value, negated)?)?,
                "Action" | "NotAction" => {
                    let syntax = Syntax { wildcards: true, variables: false, fold: true };
                    once(&mut action, part(value, negated, syntax)?)?;
                }
                "Resource" | "NotResource" => {
                    let syntax = Syntax { wildcards: true, variables: self.variables, fold: false };
                    once(&mut resource, part(value, negated, syntax)?)?;
                }
                "Condition" => conditions = self.conditions(value)?,
                _ => return Err(PolicyError::Syntax),
            }
        }
        let effect = effect.ok_or(PolicyError::MissingField("Effect"))?;
        Ok(Statement { sid, effect, principal, action, resource, conditions, place })
    }

    /// In the wrong case an effect is a fault, but not one of syntax.
    fn effect(&mut self, text: String) -> Result<Effect, PolicyError> {
        let effect = match text.to_ascii_lowercase().as_str() {
            "allow" => Effect::Allow,
            "deny" => Effect::Deny,
            _ => return Err(PolicyError::Effect(text)),
        };
        if !matches!(text.as_str(), "Allow" | "Deny") {
            self.fault.get_or_insert(PolicyError::Effect(text));
        }
        Ok(effect)
    }

    fn conditions(&mut self, json: Json) -> Result<Vec<Condition>, PolicyError> {
        let Json::Map(operators) = json else { return Err(PolicyError::Syntax) };
        let mut conditions = Vec::new();
        for (operator, keys) in operators {
            let Json::Map(keys) = keys else { return Err(PolicyError::Syntax) };
            for (key, values) in keys {
                let values = match values {
                    Json::List(values) => values,
                    one => vec![one],
                };
                let wanted = values.into_iter().map(scalar).collect::<Result<_, _>>()?;
                match Condition::new(&operator, &key, wanted, self.variables) {
                    Ok(condition) => conditions.push(condition),
                    Err(PolicyError::Syntax) => return Err(PolicyError::Syntax),
                    Err(fault) => _ = self.fault.get_or_insert(fault),
                }
            }
        }
        Ok(conditions)
    }
}

/// An element and its `Not` form exclude each other.
fn once<T>(place: &mut Option<T>, value: T) -> Result<(), PolicyError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(PolicyError::Syntax),
    }
}

fn parse_principal(json: Json, negated: bool) -> Result<Named, PolicyError> {
    match json {
        Json::Text(text) if text == "*" => Ok(Named::star(negated)),
        Json::Text(text) => Err(PolicyError::InvalidPrincipal { kind: "AWS", value: text }),
        Json::Map(members) => {
            let mut texts = Vec::new();
            for (kind, value) in members {
                texts.extend(strings(value)?.into_iter().map(|value| (kind.clone(), value)));
            }
            Named::new(texts, negated)
        }
        _ => Err(PolicyError::Syntax),
    }
}

fn part(json: Json, negated: bool, syntax: Syntax) -> Result<Part, PolicyError> {
    let patterns = strings(json)?.iter().map(|text| Pattern::new(text, syntax)).collect();
    Ok(Part { negated, patterns })
}

/// A condition value may be a number or a boolean without quotes.
fn scalar(json: Json) -> Result<String, PolicyError> {
    match json {
        Json::Text(text) | Json::Scalar(text) => Ok(text),
        _ => Err(PolicyError::Syntax),
    }
}

/// A text or a list of them; AWS looks past a `null` in a list.
fn strings(json: Json) -> Result<Vec<String>, PolicyError> {
    match json {
        Json::Text(text) => Ok(vec![text]),
        Json::List(list) => list
            .into_iter()
            .filter(|item| *item != Json::Null)
            .map(|item| match item {
                Json::Text(text) => Ok(text),
                _ => Err(PolicyError::Syntax),
            })
            .collect(),
        _ => Err(PolicyError::Syntax),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_elements() {
        let json = r#"{"Version": "2012-10-17", "Id": "x", "Statement": {
            "Sid": "One", "Effect": "Deny", "NotPrincipal": {"AWS": ["111122223333", "*"], "Service": "glue.amazonaws.com"},
            "NotAction": "s3:*", "NotResource": ["*"],
            "Condition": {"Bool": {"aws:SecureTransport": false}, "NumericLessThan": {"s3:max-keys": [10, "11.5"]}}}}"#;
        let document = Document::parse(json).unwrap();
        assert_eq!((document.version(), document.id()), (Version::V2012, Some("x")));
        let [statement] = document.statements() else { panic!() };
        assert_eq!((statement.sid(), statement.effect()), (Some("One"), Effect::Deny));
        assert_eq!(statement.principals().last(), Some(("Service", "glue.amazonaws.com")));
        assert_eq!(statement.actions().collect::<Vec<_>>(), ["s3:*"]);
        assert_eq!(statement.resources().collect::<Vec<_>>(), ["*"]);
        assert!(statement.is_conditional());
    }

    #[test]
    fn syntax_errors() {
        let statement = |fields: &str| format!(r#"{{"Statement":[{{{fields}}}]}}"#);
        for (json, want) in [
            (String::new(), PolicyError::Syntax),
            ("[]".into(), PolicyError::Syntax),
            ("{}".into(), PolicyError::Syntax),
            (r#"{"Statement":[]}"#.into(), PolicyError::Syntax),
            (r#"{"Statement":["x"]}"#.into(), PolicyError::Syntax),
            (r#"{"Version":"2026-01-01","Statement":{}}"#.into(), PolicyError::Syntax),
            (statement(r#""Action":"*""#), PolicyError::Syntax),
            (statement(r#""Effect":"allow","Action":"*""#), PolicyError::LegacyParsing),
            (statement(r#""Effect":"Permit","Action":"*""#), PolicyError::Syntax),
            (statement(r#""Effect":"Allow","Action":"*","Actions":"*""#), PolicyError::Syntax),
            (statement(r#""Effect":"Allow","Action":"*","NotAction":"s3:*""#), PolicyError::Syntax),
            (statement(r#""Effect":"Allow","Action":[1]"#), PolicyError::Syntax),
            (statement(r#""Effect":"Allow","Action":"*","Condition":{"Bool":"x"}"#), PolicyError::Syntax),
            (
                statement(r#""Effect":"Allow","Action":"*","Condition":{"Like":{"a":"x"}}"#),
                PolicyError::Syntax,
            ),
            (statement(r#""Effect":"Allow","Action":"*","Principal":{"Group":"x"}"#), PolicyError::Syntax),
            (statement(r#""Effect":"Allow","Sid":1,"Action":"*""#), PolicyError::Syntax),
        ] {
            assert_eq!(Document::parse(&json).unwrap_err(), want, "{json}");
        }
    }

    /// JSON that looks like a policy more often than not.
    fn policy_like() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            Just(r#""*""#.to_owned()),
            Just(r#""Allow""#.to_owned()),
            Just(r#""2012-10-17""#.to_owned()),
            Just(r#""arn:aws:s3:::b/${aws:username, 'x'}*""#.to_owned()),
            "\"[a-z:*?${}',/-]{0,12}\"",
            Just("1".to_owned()),
            Just("null".to_owned()),
        ];
        word.prop_recursive(5, 48, 5, |inner| {
            let name = prop_oneof![
                Just("Version"),
                Just("Statement"),
                Just("Effect"),
                Just("Action"),
                Just("Resource"),
                Just("NotResource"),
                Just("Principal"),
                Just("AWS"),
                Just("Condition"),
                Just("StringLike"),
                Just("IpAddress"),
                Just("DateEquals"),
                Just("aws:username"),
            ];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
                prop::collection::vec((name, inner), 0..5).prop_map(|members| {
                    let members: Vec<_> = members.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = Document::parse(&text);
        }

        #[test]
        fn no_json_makes_it_panic(json in policy_like()) {
            let _ = Document::parse(&json);
            let wrapped = format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":{json},"Resource":{json}}}}}"#);
            let _ = Document::parse_as(&wrapped, crate::DocumentKind::Identity);
            let wrapped = format!(r#"{{"Statement":{{"Effect":"Allow","Action":"a:b","Principal":{json},"Condition":{json}}}}}"#);
            let _ = Document::parse_as(&wrapped, crate::DocumentKind::Trust);
        }
    }
}
