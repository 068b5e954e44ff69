//! XML files: the elements of one name are the records ("Using the XML format in AWS Glue" in the Developer Guide).

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use futures::stream::{self, StreamExt, TryStreamExt};

mod arrays;
mod element;
mod infer;
mod rows;
mod schema;

use arrays::batch;
use element::Element;
use rows::{Row, Rows};
pub(crate) use schema::declared;
pub use schema::declared_columns;

use super::SourceFile;
use super::own::own_table;
use super::scan::{Batches, FileFormat, FileTable, Work};
use super::slices::{Framing, Pieces};
use crate::error::NodeError;
use crate::plan::XmlSource;

/// Bytes of records that are decoded at a time.
const BATCH_BYTES: usize = 4 << 20;

/// How XML is read.
#[derive(Debug, Clone)]
pub(crate) struct XmlFormat {
    /// The name of the elements that are records.
    pub(crate) row_tag: String,
    /// What is before an attribute's name in that of its field.
    pub(crate) attribute_prefix: String,
    /// What the text of an element that has attributes or children is called.
    pub(crate) value_tag: String,
    /// Whether attributes are left out.
    pub(crate) exclude_attribute: bool,
    /// Whether an element without text is null.
    pub(crate) empty_is_null: bool,
    /// Whether white space around texts is left out.
    pub(crate) trim: bool,
}

impl XmlFormat {
    /// The format that parameters of a table tell, by the names of the format's options.
    ///
    /// # Errors
    /// The row tag is missing, an option is neither true nor false, or the encoding another than UTF-8.
    pub(crate) fn of<'a>(parameter: impl Fn(&str) -> Option<&'a str>) -> Result<Self, String> {
        let flag = |name: &str| match parameter(name) {
            None => Ok(false),
            Some(text) => text
                .to_ascii_lowercase()
                .parse()
                .map_err(|_| format!("`{name}` is `{text}`, which is neither true nor false")),
        };
        let text = |name: &str, usual: &str| parameter(name).unwrap_or(usual).to_owned();
        let encoding = text("encoding", "UTF-8");
        if !encoding.is_empty() && !["utf-8", "utf8"].contains(&encoding.to_ascii_lowercase().as_str()) {
            return Err(format!("XML in `{encoding}` is not supported: `encoding` must be UTF-8"));
        }
        Ok(Self {
            row_tag: parameter("rowTag")
                .filter(|tag| !tag.is_empty())
                .ok_or("the parameter `rowTag` is missing")?
                .to_owned(),
            attribute_prefix: text("attributePrefix", "_"),
            value_tag: text("valueTag", "_VALUE"),
            exclude_attribute: flag("excludeAttribute")?,
            empty_is_null: flag("treatEmptyValuesAsNulls")?,
            trim: flag("ignoreSurroundingSpaces")?,
        })
    }
}

/// A table over XML files.
pub(crate) fn xml_table(
    node: &str,
    files: Vec<SourceFile>,
    format: XmlFormat,
    columns: &[(String, DataType)],
    partitions: &[(String, DataType)],
) -> FileTable {
    own_table(node, files, columns, partitions, Arc::new(Xml(Arc::new(format))))
}

/// A table over XML files, of the columns that its settings or the records themselves tell.
///
/// # Errors
/// An option is wrong, or names the file that cannot be read.
pub(crate) async fn xml_source(
    node: &str,
    files: Vec<SourceFile>,
    source: &XmlSource,
    partitions: &[(String, DataType)],
) -> Result<FileTable, DataFusionError> {
    let wrong = |message: String| NodeError::new(node, message);
    let format = XmlFormat::of(|name| source.options.get(name).map(String::as_str)).map_err(wrong)?;
    let columns = match &source.schema {
        Some(schema) => declared(schema).map_err(|error| wrong(format!("`withSchema`: {error}")))?,
        None => infer::columns(node, &files, &format).await?,
    };
    Ok(xml_table(node, files, format, &columns, partitions))
}

#[derive(Debug)]
struct Xml(Arc<XmlFormat>);

impl FileFormat for Xml {
    fn framing(&self, _: usize) -> Framing {
        Framing::Any
    }

    fn decode(&self, mut work: Work) -> Batches {
        let pieces = std::mem::replace(&mut work.pieces, stream::empty().boxed());
        let rows = Rows::new(&self.0.row_tag);
        let state = Reading { format: Arc::clone(&self.0), work, pieces, rows, count: 0, done: false };
        stream::try_unfold(
            state,
            |mut state| async move { Ok(state.next().await?.map(|batch| (batch, state))) },
        )
        .boxed()
    }
}

struct Reading {
    format: Arc<XmlFormat>,
    work: Work,
    pieces: Pieces,
    rows: Rows,
    count: u64,
    done: bool,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<RecordBatch>, String> {
        let mut found: Vec<(Row, Element)> = Vec::new();
        let mut bytes = 0;
        while found.len() < self.work.rows && bytes < BATCH_BYTES {
            match self.rows.next()? {
                Some(row) => {
                    self.count += 1;
                    bytes += row.bytes.len();
                    match Element::parse(&row.bytes, &self.format) {
                        Ok(element) => found.push((row, element)),
                        Err(reason) => self.reject(&row, &reason)?,
                    }
                }
                None if self.done => break,
                None => match self.pieces.try_next().await? {
                    Some(piece) => self.rows.feed(piece.bytes.get(piece.range).unwrap_or_default())?,
                    None => self.done = true,
                },
            }
        }
        if self.done
            && let Some(row) = self.rows.unfinished()
        {
            self.count += 1;
            self.reject(&row, &format!("the element `{}` is not closed", self.format.row_tag))?;
        }
        if found.is_empty() {
            return Ok(None);
        }
        if self.work.rejects.is_some() {
            let mut sound = Vec::with_capacity(found.len());
            for (row, element) in found {
                match arrays::misfit(&element, &self.work.schema, &self.format) {
                    None => sound.push(element),
                    Some(reason) => self.reject(&row, &reason)?,
                }
            }
            return batch(&sound, &self.work.schema, &self.format).map(Some);
        }
        let elements: Vec<Element> = found.into_iter().map(|(_, element)| element).collect();
        batch(&elements, &self.work.schema, &self.format).map(Some)
    }

    /// Puts a record aside; it is an error where none are.
    fn reject(&self, row: &Row, reason: &str) -> Result<(), String> {
        match &self.work.rejects {
            Some(rejects) => rejects.add(row.offset, &row.bytes, reason),
            None => Err(format!("record {}: {reason}", self.count)),
        }
    }
}

#[cfg(test)]
mod tests;
