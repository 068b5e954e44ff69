//! Policy documents as JSON text, members in their order.

use crate::json::Json;

/// A list or map is written on one line as long as it is no longer than this.
const LINE: usize = 88;

impl Json {
    /// The tree on one line.
    pub(crate) fn compact(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, None);
        out
    }

    /// The tree over several lines, as people write policies.
    pub(crate) fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, Some(0));
        out
    }

    /// With `indent`, over several lines that begin with so many spaces.
    fn write(&self, out: &mut String, indent: Option<usize>) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Scalar(text) => out.push_str(text),
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::List(items) => {
                let parts = items.iter().map(|item| (None, item));
                brackets(out, ('[', ']'), indent, self, parts);
            }
            Self::Map(members) => {
                let parts = members.iter().map(|(name, value)| (Some(name.as_str()), value));
                brackets(out, ('{', '}'), indent, self, parts);
            }
        }
    }

    /// Whether it holds no map, and so reads well on one line.
    fn is_flat(&self) -> bool {
        match self {
            Self::Map(_) => false,
            Self::List(items) => items.iter().all(Self::is_flat),
            _ => true,
        }
    }

    fn fits_a_line(&self) -> bool {
        match self {
            Self::Map(members) => members.len() == 1 && members.iter().all(|(_, value)| value.is_flat()),
            flat => flat.is_flat(),
        }
    }
}

fn brackets<'a>(
    out: &mut String,
    (open, close): (char, char),
    indent: Option<usize>,
    whole: &Json,
    parts: impl Iterator<Item = (Option<&'a str>, &'a Json)>,
) {
    let one_line = || whole.compact();
    if let Some(depth) = indent
        && whole.fits_a_line()
        && one_line().len() + depth <= LINE
    {
        let spaced = parts.map(|(name, value)| match name {
            Some(name) => format!("{}: {}", quoted(name), value.spaced()),
            None => value.spaced(),
        });
        let inner = spaced.collect::<Vec<_>>().join(", ");
        let space = if open == '{' { " " } else { "" };
        out.push_str(&format!("{open}{space}{inner}{space}{close}"));
        return;
    }
    out.push(open);
    let inner = indent.map(|depth| depth + 2);
    let mut first = true;
    for (name, value) in parts {
        if !first {
            out.push(',');
        }
        first = false;
        if let Some(depth) = inner {
            out.push_str(&format!("\n{:depth$}", ""));
        }
        if let Some(name) = name {
            out.push_str(&quoted(name));
            out.push_str(if inner.is_some() { ": " } else { ":" });
        }
        value.write(out, inner);
    }
    if let Some(depth) = indent {
        out.push_str(&format!("\n{:depth$}", ""));
    }
    out.push(close);
}

impl Json {
    /// On one line, with a space behind each comma.
    fn spaced(&self) -> String {
        match self {
            Self::List(items) => {
                format!("[{}]", items.iter().map(Self::spaced).collect::<Vec<_>>().join(", "))
            }
            other => other.compact(),
        }
    }
}

pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
