//! ApplyMapping: as the transform of that name where it can say it, else as a selection of columns.

use super::Outcome;
use super::frame::{from_df, steps};
use super::node::{Node, Settings};
use super::writer::{Import, Writer};
use crate::python::{Py, quoted};

/// Types that say only that a value stays as it is.
const NESTED: &[&str] = &["struct", "array", "map", "choice"];

/// One line of a mapping.
struct Mapping {
    from: Vec<String>,
    from_type: Option<String>,
    to: String,
    to_type: Option<String>,
    children: Vec<Mapping>,
}

impl Mapping {
    fn all(items: &[Settings]) -> Outcome<Vec<Self>> {
        items.iter().filter(|one| !one.is("Dropped")).map(Self::of).collect()
    }

    fn of(one: &Settings) -> Outcome<Self> {
        let from = one.texts("FromPath");
        let Some(to) = one.text("ToKey").map(str::to_owned).or_else(|| from.last().cloned()) else {
            return Err("A mapping needs FromPath and ToKey.".to_owned());
        };
        if from.is_empty() {
            return Err("A mapping needs FromPath and ToKey.".to_owned());
        }
        let text = |name: &str| one.text(name).map(str::to_owned);
        let children = Self::all(&one.items("Children"))?;
        Ok(Self { from, from_type: text("FromType"), to, to_type: text("ToType"), children })
    }

    fn array(&self) -> bool {
        self.from_type.as_deref().is_some_and(|of| of.starts_with("array"))
    }

    /// The path of a child, which may be written from the top.
    fn below<'a>(&self, child: &'a Mapping) -> &'a [String] {
        match child.from.strip_prefix(self.from.as_slice()) {
            Some(rest) if !rest.is_empty() => rest,
            _ => &child.from,
        }
    }

    /// Whether the transform can say it: it reaches into structs, not into arrays, and needs both types.
    fn plain(&self) -> bool {
        let typed = self.from_type.is_some() || self.to_type.is_some();
        match self.children.is_empty() {
            true => typed,
            false => !self.array() && self.children.iter().all(Self::plain),
        }
    }

    fn tuples(&self, from: &[String], to: &[String], out: &mut Vec<Py>) {
        let to: Vec<String> = to.iter().chain([&self.to]).cloned().collect();
        if self.children.is_empty() {
            let from_type = self.from_type.as_ref().or(self.to_type.as_ref()).map_or("", String::as_str);
            let to_type = self.to_type.as_deref().unwrap_or(from_type);
            let parts = [path(from), from_type.to_owned(), path(&to), to_type.to_owned()];
            out.push(Py::Tuple(parts.into_iter().map(Py::Str).collect()));
            return;
        }
        for child in &self.children {
            let below: Vec<String> = from.iter().chain(self.below(child)).cloned().collect();
            child.tuples(&below, &to, out);
        }
    }

    /// The column that it makes of another one.
    fn column(&self, source: &str) -> String {
        let made = match (self.children.is_empty(), self.array()) {
            (true, _) => match self.to_type.as_deref().filter(|of| !NESTED.contains(of)) {
                Some(of) => format!("{source}.cast({})", quoted(spark_type(of))),
                None => source.to_owned(),
            },
            (false, true) => {
                format!("SqlFuncs.transform({source}, lambda item: {})", self.structure("item"))
            }
            (false, false) => self.structure(source),
        };
        format!("{made}.alias({})", quoted(&self.to))
    }

    fn structure(&self, source: &str) -> String {
        let fields = self.children.iter().map(|child| child.column(&reach(source, self.below(child))));
        format!("SqlFuncs.struct({})", fields.collect::<Vec<_>>().join(", "))
    }
}

fn reach(source: &str, path: &[String]) -> String {
    path.iter().fold(source.to_owned(), |source, name| format!("{source}.getField({})", quoted(name)))
}

/// A path as AWS Glue's mappings take it.
fn path(steps: &[String]) -> String {
    super::frame::field(steps).unwrap_or_default()
}

/// AWS Glue's `long` and `short` under the names that Spark shares with Hive.
fn spark_type(of: &str) -> &str {
    match of {
        "long" => "bigint",
        "short" => "smallint",
        "byte" => "tinyint",
        other => other,
    }
}

pub(super) fn write(writer: &mut Writer, node: &Node, input: &str) -> Outcome {
    let mappings = Mapping::all(&node.items("Mapping"))?;
    if mappings.is_empty() {
        return Err("No field is mapped.".to_owned());
    }
    if mappings.iter().all(Mapping::plain) {
        let mut tuples = Vec::new();
        mappings.iter().for_each(|mapping| mapping.tuples(&mapping.from, &[], &mut tuples));
        let call = Py::call(
            "ApplyMapping.apply",
            [
                ("frame", Py::code(input)),
                ("mappings", Py::List(tuples)),
                ("transformation_ctx", Py::str(&node.variable)),
            ],
        );
        writer.assign(&node.variable, &call);
        return Ok(());
    }
    writer.import(Import::DynamicFrame);
    writer.import(Import::Functions);
    let columns = mappings.iter().map(|mapping| {
        let path = steps(&mapping.from);
        let (first, rest) = path.split_first().map_or(("", [].as_slice()), |(a, b)| (a.as_str(), b));
        let top = format!("SqlFuncs.col({})", quoted(&format!("`{}`", first.replace('`', "``"))));
        Py::code(mapping.column(&reach(&top, rest)))
    });
    let frame = format!("{}_df", node.variable);
    let select = Py::Call(format!("{input}.toDF().select"), columns.collect(), vec![]);
    writer.assign(&frame, &select);
    writer.assign(&node.variable, &from_df(frame, &node.variable));
    Ok(())
}
