use std::collections::HashMap;
use std::io::Write as _;
use std::ops::Range;
use std::sync::Arc;

use mastic_core::Timestamp;
use mastic_shape::{Kind, Member, Schema, Value};

use crate::base::base64;

/// Appends the JSON of a value: moments as epoch seconds, blobs as base64.
pub fn encode(value: &Value, schema: &Schema, out: &mut Vec<u8>) {
    Encoder { out, shared: HashMap::new() }.encode(value, schema);
}

/// The text so far.
struct Encoder<'o> {
    out: &'o mut Vec<u8>,
    /// Where the texts are of what several values have in common, by its address and its schema's: the next one copies it.
    shared: HashMap<(usize, usize), Range<usize>>,
}

impl Encoder<'_> {
    fn encode(&mut self, value: &Value, schema: &Schema) {
        match (value, &schema.kind) {
            (Value::Shared(inner), _) => self.shared(inner, schema),
            (Value::Map(entries), Kind::Structure(members)) => {
                let mut members = Members { members, next: 0 };
                let entries = entries.iter().filter_map(|(name, value)| {
                    members.find(name).map(|member| (member.wire, value, member.schema))
                });
                self.object(entries, plain);
            }
            (Value::Map(entries), Kind::Map { value: schema, .. }) => {
                self.object(entries.iter().map(|(name, value)| (name.as_ref(), value, *schema)), string);
            }
            (Value::Map(entries), _) => {
                self.object(entries.iter().map(|(name, value)| (name.as_ref(), value, schema)), string);
            }
            (Value::List(items), Kind::List { member, .. }) => self.array(items, member),
            (Value::List(items), _) => self.array(items, schema),
            (Value::Int(micros), Kind::Timestamp) => moment(Timestamp::from_micros(*micros), self.out),
            (Value::Int(micros), Kind::Iso8601) => {
                string(&Timestamp::from_micros(*micros).iso8601(), self.out);
            }
            (Value::Time(at), Kind::Iso8601) => string(&at.iso8601(), self.out),
            (Value::Bool(true), _) => self.out.extend_from_slice(b"true"),
            (Value::Bool(false), _) => self.out.extend_from_slice(b"false"),
            (Value::Int(number), _) => print(self.out, format_args!("{number}")),
            (Value::Float(number), _) => float(*number, self.out),
            (Value::Str(text), _) => string(text, self.out),
            (Value::Blob(bytes), _) => {
                self.out.push(b'"');
                self.out.extend_from_slice(base64(bytes).as_bytes());
                self.out.push(b'"');
            }
            (Value::Time(at), _) => moment(*at, self.out),
        }
    }

    fn shared(&mut self, value: &Arc<Value>, schema: &Schema) {
        if !matches!(**value, Value::List(_) | Value::Map(_)) {
            return self.encode(value, schema);
        }
        // Both are borrowed for as long as this goes on, so no other value gets their addresses.
        let key = (Arc::as_ptr(value).addr(), std::ptr::from_ref(schema).addr());
        if let Some(text) = self.shared.get(&key) {
            return self.out.extend_from_within(text.clone());
        }
        let start = self.out.len();
        self.encode(value, schema);
        self.shared.insert(key, start..self.out.len());
    }

    fn object<'a>(
        &mut self,
        entries: impl Iterator<Item = (&'a str, &'a Value, &'a Schema)>,
        key: impl Fn(&str, &mut Vec<u8>),
    ) {
        self.out.push(b'{');
        for (n, (name, value, schema)) in entries.enumerate() {
            if n > 0 {
                self.out.push(b',');
            }
            key(name, self.out);
            self.out.push(b':');
            self.encode(value, schema);
        }
        self.out.push(b'}');
    }

    fn array(&mut self, items: &[Value], schema: &Schema) {
        self.out.push(b'[');
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                self.out.push(b',');
            }
            self.encode(item, schema);
        }
        self.out.push(b']');
    }
}

/// Looks members up by name; values come in the model's order, so the next is usually the one.
struct Members {
    members: &'static [Member],
    next: usize,
}

impl Members {
    fn find(&mut self, name: &str) -> Option<&'static Member> {
        let (before, after) = self.members.split_at_checked(self.next).unwrap_or((&[], self.members));
        let found = after.iter().chain(before).position(|member| member.name == name)?;
        let index = (self.next + found) % self.members.len();
        self.next = index + 1;
        self.members.get(index)
    }
}

fn print(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to a vector cannot fail.
    let _ = out.write_fmt(text);
}

fn float(number: f64, out: &mut Vec<u8>) {
    if number.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if number.is_infinite() {
        out.extend_from_slice(if number > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" });
    } else {
        print(out, format_args!("{number:?}"));
    }
}

fn moment(at: Timestamp, out: &mut Vec<u8>) {
    let millis = at.millis();
    let sign = if millis < 0 { "-" } else { "" };
    let (seconds, fraction) = (millis.unsigned_abs() / 1000, millis.unsigned_abs() % 1000);
    match fraction {
        0 => print(out, format_args!("{sign}{seconds}.0")),
        _ => print(out, format_args!("{sign}{seconds}.{fraction:03}")),
    }
}

/// Whether a byte of a string needs an escape.
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Appends the name of a model's member, in which nothing needs an escape.
fn plain(name: &str, out: &mut Vec<u8>) {
    out.reserve(name.len() + 2);
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
}

/// Appends a JSON string.
pub(crate) fn string(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len() + 2);
    out.push(b'"');
    // Most strings are plain, and without a way out of the loop many bytes are compared at once.
    if rest.iter().fold(false, |found, byte| found | is_special(*byte)) {
        rest = escape(rest, out);
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Appends the text up to its last special byte; what follows that.
fn escape<'t>(mut rest: &'t [u8], out: &mut Vec<u8>) -> &'t [u8] {
    while let Some(at) = rest.iter().position(|byte| is_special(*byte)) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => print(out, format_args!("\\u{other:04x}")),
        }
        rest = after;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use mastic_shape::Bounds;

    static ANY: Schema = Schema { name: "Any", kind: Kind::Document, sensitive: false };
    static MOMENT: Schema = Schema { name: "T", kind: Kind::Timestamp, sensitive: false };
    static NUMBER: Schema = Schema { name: "I", kind: Kind::Integer(Bounds::OPEN), sensitive: false };
    static TWO: Schema = Schema {
        name: "Two",
        kind: Kind::Structure(&[
            Member { name: "A", wire: "a", schema: &NUMBER, required: false },
            Member { name: "B", wire: "B", schema: &MOMENT, required: false },
        ]),
        sensitive: false,
    };

    fn text(value: &Value, schema: &Schema) -> String {
        let mut out = Vec::new();
        encode(value, schema, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn scalars() {
        assert_eq!(text(&Value::Str("a\"\\\n\u{1}é".into()), &ANY), "\"a\\\"\\\\\\n\\u0001é\"");
        assert_eq!(text(&Value::Float(1.0), &ANY), "1.0");
        assert_eq!(text(&Value::Float(f64::NEG_INFINITY), &ANY), "\"-Infinity\"");
        assert_eq!(text(&Value::Blob(vec![1, 2]), &ANY), "\"AQI=\"");
        assert_eq!(text(&Value::Time(Timestamp::from_millis(1_500_000_000_050)), &MOMENT), "1500000000.050");
        assert_eq!(text(&Value::Time(Timestamp::from_secs(-2)), &MOMENT), "-2.0");
        assert_eq!(text(&Value::Int(2_000_000), &MOMENT), "2.0");
    }

    #[test]
    fn members_take_their_wire_name_in_any_order() {
        let value = Value::Map(vec![
            ("B".into(), Value::Time(Timestamp::from_secs(1))),
            ("unknown".into(), Value::Int(1)),
            ("A".into(), Value::Int(7)),
        ]);
        assert_eq!(text(&value, &TWO), r#"{"B":1.0,"a":7}"#);
        let shared = value.clone().into_shared();
        assert_eq!(text(&shared, &TWO), r#"{"B":1.0,"a":7}"#);
        let twice = Value::List(vec![shared.clone(), Value::Int(1).into_shared(), shared]);
        assert_eq!(text(&twice, &TWO), r#"[{"B":1.0,"a":7},1,{"B":1.0,"a":7}]"#);
        assert_eq!(
            text(&Value::List(vec![value, Value::empty()]), &ANY),
            r#"[{"B":1.0,"unknown":1,"A":7},{}]"#
        );
    }
}
