use mastic_shape::{Kind, Schema, Value};

use super::Form;
use super::write::text;

/// The form of an input structure, for a client: `Action` and `Version`, then the members.
#[must_use]
pub fn encode(action: &str, version: &str, value: &Value, schema: &Schema) -> Form {
    let mut form = Form::default();
    form.push("Action", action);
    form.push("Version", version);
    add(&mut form, "", value, schema);
    form
}

fn add(form: &mut Form, prefix: &str, value: &Value, schema: &Schema) {
    match (value.plain(), &schema.kind) {
        (Value::Map(entries), Kind::Structure(_)) => {
            for (name, value) in entries {
                let Some(member) = schema.member(name) else { continue };
                let wire = match &member.schema.kind {
                    Kind::List { flattened: true, member_name, .. } if *member_name != "member" => {
                        member_name
                    }
                    _ => member.wire,
                };
                let place = if prefix.is_empty() { wire.to_owned() } else { format!("{prefix}.{wire}") };
                add(form, &place, value, member.schema);
            }
        }
        (Value::List(items), Kind::List { member, member_name, flattened, .. }) => {
            if items.is_empty() {
                form.push(prefix, "");
            }
            let prefix = if *flattened { prefix.to_owned() } else { format!("{prefix}.{member_name}") };
            for (n, item) in items.iter().enumerate() {
                add(form, &format!("{prefix}.{}", n + 1), item, member);
            }
        }
        (Value::Map(entries), Kind::Map { value: schema, .. }) => {
            for (n, (name, value)) in entries.iter().enumerate() {
                form.push(format!("{prefix}.entry.{}.key", n + 1), name.as_ref());
                add(form, &format!("{prefix}.entry.{}.value", n + 1), value, schema);
            }
        }
        _ => form.push(prefix, text(value, schema)),
    }
}
