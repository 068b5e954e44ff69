//! Which keys of the request context documents ask for.

use crate::condition::Condition;
use crate::evaluate::may_apply;
use crate::pattern::Pattern;
use crate::{Document, PolicySet, Request, Statement};

/// Keys as first written, each once: their case does not count.
#[derive(Default)]
struct Keys(Vec<String>);

impl Keys {
    fn add(&mut self, key: &str) {
        if !self.0.iter().any(|known| known.to_lowercase() == key.to_lowercase()) {
            self.0.push(key.to_owned());
        }
    }

    fn add_all(&mut self, statement: &Statement, wanted: impl Fn(&str) -> bool) {
        let resources = statement.resource.iter().flat_map(|part| &part.patterns);
        let variables = resources.flat_map(Pattern::variables);
        let conditions = statement.conditions.iter().flat_map(Condition::keys);
        for key in variables.chain(conditions).filter(|key| wanted(key)) {
            self.add(key);
        }
    }
}

impl Document {
    /// The keys of the request context that the document names, in conditions and as policy
    /// variables, as written and each once (`GetContextKeysForCustomPolicy`).
    #[must_use]
    pub fn context_keys(&self) -> Vec<String> {
        let mut keys = Keys::default();
        for statement in self.statements() {
            keys.add_all(statement, |_| true);
        }
        keys.0
    }
}

/// The keys that the request does not have, though a statement about its action, resource and
/// principal names them (`MissingContextValues` of `SimulateCustomPolicy`).
#[must_use]
pub fn missing_context(request: &Request<'_>, set: &PolicySet) -> Vec<String> {
    let mut keys = Keys::default();
    for (layer, _, policy) in set.policies() {
        for statement in policy.document.statements() {
            if may_apply(statement, layer, request) {
                keys.add_all(statement, |key| request.context.get(key).is_empty());
            }
        }
    }
    keys.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attached, Context, Label, PolicyKind, Principal};

    const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::b/${aws:username}/*","arn:aws:s3:::c/${aws:PrincipalTag/Team, 'x'}"],
         "Condition":{"StringLike":{"s3:prefix":"${AWS:UserName}*"},"Null":{"aws:TokenIssueTime":"true"}}},
        {"Effect":"Deny","Action":"sqs:*","Resource":"*","Condition":{"ForAnyValue:ArnLike":{"aws:SourceArn":"arn:aws:s3:::${aws:userid}"}}}]}"#;

    #[test]
    fn keys_of_a_document() {
        let keys = Document::parse(POLICY).unwrap().context_keys();
        let want = [
            "aws:username",
            "aws:PrincipalTag/Team",
            "s3:prefix",
            "aws:TokenIssueTime",
            "aws:SourceArn",
            "aws:userid",
        ];
        assert_eq!(keys, want);
        let old = POLICY.replace("2012-10-17", "2008-10-17");
        assert_eq!(
            Document::parse(&old).unwrap().context_keys(),
            ["s3:prefix", "aws:TokenIssueTime", "aws:SourceArn"]
        );
    }

    #[test]
    fn keys_that_a_request_lacks() {
        let label = Label {
            account: None,
            kind: PolicyKind::Inline,
            name: "p".into(),
            arn: None,
            attached_to: "u".into(),
        };
        let policy = Attached::new(label, Document::parse(POLICY).unwrap());
        let set = PolicySet { identity: vec![policy], ..PolicySet::default() };
        let principal = Principal::Root { account: "111122223333".parse().unwrap() };
        let context = Context::from_iter([("aws:userName", "u")]);
        let lacks =
            |action, resource| missing_context(&Request::new(&principal, action, resource, &context), &set);
        assert_eq!(
            lacks("s3:GetObject", "arn:aws:s3:::b/u/x"),
            ["aws:PrincipalTag/Team", "s3:prefix", "aws:TokenIssueTime"]
        );
        assert_eq!(lacks("s3:GetObject", "arn:aws:s3:::d"), [""; 0]);
        assert_eq!(lacks("sqs:SendMessage", "*"), ["aws:SourceArn", "aws:userid"]);
        assert_eq!(lacks("glue:GetTable", "*"), [""; 0]);
    }
}
