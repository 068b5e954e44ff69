//! What an audit record keeps of inputs and outputs: no secrets, and not all of what is long.

use mastic_shape::{Kind, Schema, Value};

/// The longest input or output that is kept, in bytes of JSON (CloudTrail leaves out longer ones too).
const LONGEST: usize = 100_000;

/// An input that is longer keeps of each of its lists the first entries only: a batch of a hundred partitions would
/// else take more room in the trail than in the catalog.
const LONG: usize = 8_192;

/// How many.
const ENTRIES: usize = 10;

/// An input as JSON.
pub(crate) fn input(value: &Value, schema: &Schema) -> Option<String> {
    let mut shown = without_secrets(value, schema);
    let text = serde_json::to_string(&shown).ok()?;
    if text.len() <= LONG {
        return Some(text);
    }
    if let Value::Map(members) = &mut shown {
        members.iter_mut().for_each(|(_, member)| shorten(member));
    }
    serde_json::to_string(&shown).ok().filter(|text| text.len() <= LONGEST)
}

/// An output as JSON.
pub(crate) fn output(value: &Value, schema: &Schema) -> Option<String> {
    serde_json::to_string(&without_secrets(value, schema)).ok().filter(|text| text.len() <= LONGEST)
}

fn shorten(member: &mut Value) {
    if let Value::List(items) = member
        && items.len() > ENTRIES
    {
        let more = format!("({} more)", items.len() - ENTRIES);
        items.truncate(ENTRIES);
        items.push(Value::Str(more));
    }
}

/// What stands in place of a secret.
const HIDDEN: &str = "***";

/// Members that are secret although the models do not say so everywhere.
const SECRET: [&str; 2] = ["SecretAccessKey", "SessionToken"];

fn without_secrets(value: &Value, schema: &Schema) -> Value {
    if schema.sensitive {
        return Value::Str(HIDDEN.to_owned());
    }
    match (value.plain(), &schema.kind) {
        (Value::Map(entries), Kind::Structure(members)) => Value::Map(
            entries
                .iter()
                .filter_map(|(name, inner)| {
                    let member = members.iter().find(|m| m.name == name)?;
                    let shown = match SECRET.contains(&member.name) {
                        true => Value::Str(HIDDEN.to_owned()),
                        false => without_secrets(inner, member.schema),
                    };
                    Some((name.clone(), shown))
                })
                .collect(),
        ),
        (Value::Map(entries), Kind::Map { value: schema, .. }) => Value::Map(
            entries.iter().map(|(name, inner)| (name.clone(), without_secrets(inner, schema))).collect(),
        ),
        (Value::List(items), Kind::List { member, .. }) => {
            Value::List(items.iter().map(|item| without_secrets(item, member)).collect())
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use mastic_shape::{Bounds, Member};

    use super::*;

    const ANY: Bounds<i64> = Bounds { min: None, max: None };
    static TEXT: Schema = Schema {
        name: "Text",
        kind: Kind::String { length: ANY, pattern: None, values: &[] },
        sensitive: false,
    };
    static LIST: Schema = Schema {
        name: "List",
        kind: Kind::List { member: &TEXT, member_name: "member", flattened: false, length: ANY },
        sensitive: false,
    };
    static INPUT: Schema = Schema {
        name: "Input",
        sensitive: false,
        kind: Kind::Structure(&[
            Member { name: "Values", wire: "Values", schema: &LIST, required: false },
            Member { name: "SecretAccessKey", wire: "SecretAccessKey", schema: &TEXT, required: false },
        ]),
    };

    fn kept(entries: usize, length: usize) -> Option<String> {
        let items = (0..entries).map(|_| Value::Str("x".repeat(length))).collect();
        let secret = Value::Str("key".to_owned());
        let value =
            Value::Map(vec![("Values".into(), Value::List(items)), ("SecretAccessKey".into(), secret)]);
        input(&value, &INPUT)
    }

    #[test]
    fn long_batches_are_cut_and_say_so() {
        let short = kept(20, 10).unwrap();
        assert!(!short.contains("more") && short.contains(r#""SecretAccessKey":"***""#), "{short}");
        let long: serde_json::Value = serde_json::from_str(&kept(100, 500).unwrap()).unwrap();
        let values = long["Values"].as_array().unwrap();
        assert_eq!((values.len(), values.last().unwrap().as_str()), (11, Some("(90 more)")));
        assert_eq!(kept(10, 500).unwrap().matches("xxx").count() / 166, 10);
        assert_eq!(kept(10, 20_000), None);
    }
}
