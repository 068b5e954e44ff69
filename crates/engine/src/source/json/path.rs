use serde_json::Value;

/// The part of JsonPath that names records: `$`, `.name`, `['name']`, `[*]`, `[n]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Each,
    At(usize),
}

impl JsonPath {
    /// Reads a path; nothing for those that mean the records themselves: `$`, `$[*]`, `$.[*]`.
    ///
    /// # Errors
    /// Names the path that is not understood.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, String> {
        let wrong = || format!("the JsonPath `{text}` is not supported: $, .name, [*] and [n] are");
        let mut rest = text.trim().strip_prefix('$').ok_or_else(wrong)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('[') {
                let (inside, after) = after.split_once(']').ok_or_else(wrong)?;
                steps.push(match inside {
                    "*" => Step::Each,
                    _ => match inside.parse() {
                        Ok(index) => Step::At(index),
                        Err(_) => {
                            let name = inside
                                .strip_prefix(['\'', '"'])
                                .and_then(|name| name.strip_suffix(['\'', '"']));
                            Step::Field(name.ok_or_else(wrong)?.to_owned())
                        }
                    },
                });
                rest = after;
            } else {
                let after = rest.strip_prefix('.').ok_or_else(wrong)?;
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, after) = after.split_at_checked(end).ok_or_else(wrong)?;
                match name {
                    "*" => steps.push(Step::Each),
                    "" if after.starts_with('[') => {}
                    "" => return Err(wrong()),
                    name => steps.push(Step::Field(name.to_owned())),
                }
                rest = after;
            }
        }
        Ok((!matches!(steps.as_slice(), [] | [Step::Each])).then_some(Self(steps)))
    }

    /// The records of a document, one a line.
    ///
    /// # Errors
    /// If the document is no JSON.
    pub(super) fn records(&self, document: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        for value in serde_json::Deserializer::from_slice(document).into_iter::<Value>() {
            let value = value.map_err(|error| error.to_string())?;
            for found in self.select(&value) {
                // A path that ends at an array means its elements.
                let records = found.as_array().map_or(std::slice::from_ref(found), Vec::as_slice);
                for record in records.iter().filter(|record| record.is_object()) {
                    serde_json::to_writer(&mut out, record).map_err(|error| error.to_string())?;
                    out.push(b'\n');
                }
            }
        }
        Ok(out)
    }

    fn select<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        self.0.iter().fold(vec![value], |values, step| {
            values
                .into_iter()
                .flat_map(|value| -> Vec<&'a Value> {
                    match (step, value) {
                        (Step::Field(name), Value::Object(fields)) => fields.get(name).into_iter().collect(),
                        (Step::Each, Value::Array(items)) => items.iter().collect(),
                        (Step::Each, Value::Object(fields)) => fields.values().collect(),
                        (Step::At(index), Value::Array(items)) => items.get(*index).into_iter().collect(),
                        _ => vec![],
                    }
                })
                .collect()
        })
    }
}
