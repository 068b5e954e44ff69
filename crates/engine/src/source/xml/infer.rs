//! The columns of XML records, by all that they hold.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::element::Element;
use super::rows::Rows;
use super::{SourceFile, XmlFormat};
use crate::error::FileError;
use crate::source::slices::{Framing, Slice, read};

/// Files that are looked through side by side.
const FILES: usize = 8;

/// What the values of a field have in common.
#[derive(Debug, Clone, Default, PartialEq)]
enum Shape {
    /// There is none, or no text in any.
    #[default]
    Nothing,
    Bool,
    Whole,
    Number,
    Text,
    /// Fields in the order in which they were first seen.
    Fields(Vec<(String, Shape)>),
    /// Several elements of one name within one record.
    List(Box<Shape>),
}

/// Looks through all records. Those that cannot be read are left to whoever reads the rows.
///
/// # Errors
/// Names the file that is no XML, or that there are no records.
pub(super) async fn columns(
    node: &str,
    files: &[SourceFile],
    format: &XmlFormat,
) -> Result<Vec<(String, DataType)>, FileError> {
    let shapes: Vec<Shape> = stream::iter(files)
        .map(|file| async move {
            seen(file, format).await.map_err(|cause| FileError::new(node, file.url(), cause))
        })
        .buffered(FILES)
        .try_collect()
        .await?;
    match shapes.into_iter().fold(Shape::Nothing, |all, one| all.and(one, format)) {
        Shape::Fields(fields) => {
            Ok(fields.into_iter().map(|(name, of)| (name, of.data_type(true))).collect())
        }
        Shape::Nothing => {
            let place = files.first().map(SourceFile::url).unwrap_or_default();
            Err(FileError::new(node, place, format!("there are no elements `{}`", format.row_tag)))
        }
        // Records that are text alone.
        other => Ok(vec![(format.value_tag.clone(), other.data_type(true))]),
    }
}

async fn seen(file: &SourceFile, format: &XmlFormat) -> Result<Shape, String> {
    let mut pieces = read(Slice { file: 0, range: None }, Arc::new(file.clone()), Framing::Any).await;
    let (mut rows, mut all) = (Rows::new(&format.row_tag), Shape::Nothing);
    while let Some(piece) = pieces.try_next().await? {
        rows.feed(piece.bytes.get(piece.range).unwrap_or_default())?;
        while let Some(row) = rows.next()? {
            if let Ok(element) = Element::parse(&row.bytes, format) {
                all = all.and(Shape::of(&element, format), format);
            }
        }
    }
    Ok(all)
}

impl Shape {
    fn of(element: &Element, format: &XmlFormat) -> Self {
        if element.parts.is_empty() {
            return Self::of_text(&element.text);
        }
        let mut fields: Vec<(String, Self)> = Vec::new();
        for (name, part) in &element.parts {
            let shape = Self::of(part, format);
            match fields.iter_mut().find(|(known, _)| known == name) {
                Some((_, Self::List(item))) => **item = std::mem::take(item.as_mut()).and(shape, format),
                Some((_, known)) => *known = Self::List(Box::new(std::mem::take(known).and(shape, format))),
                None => fields.push((name.clone(), shape)),
            }
        }
        if !element.text.is_empty() {
            fields.push((format.value_tag.clone(), Self::of_text(&element.text)));
        }
        Self::Fields(fields)
    }

    fn of_text(text: &str) -> Self {
        let text = text.trim();
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        match text {
            "" => Self::Nothing,
            "true" | "false" => Self::Bool,
            _ if digits.len() > 1 && digits.starts_with('0') && !digits.contains('.') => Self::Text,
            _ if text.parse::<i64>().is_ok() => Self::Whole,
            _ if digits.starts_with(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok() => {
                Self::Number
            }
            _ => Self::Text,
        }
    }

    fn and(self, other: Self, format: &XmlFormat) -> Self {
        match (self, other) {
            (Self::Nothing, one) | (one, Self::Nothing) => one,
            (one, other) if one == other => one,
            (Self::Whole, Self::Number) | (Self::Number, Self::Whole) => Self::Number,
            (Self::Fields(mut all), Self::Fields(others)) => {
                for (name, shape) in others {
                    match all.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => *known = std::mem::take(known).and(shape, format),
                        None => all.push((name, shape)),
                    }
                }
                Self::Fields(all)
            }
            (Self::List(one), Self::List(other)) => Self::List(Box::new(one.and(*other, format))),
            (Self::List(item), one) | (one, Self::List(item)) => Self::List(Box::new(item.and(one, format))),
            // Text beside elements is a field of its own.
            (fields @ Self::Fields(_), text) | (text, fields @ Self::Fields(_)) => {
                fields.and(Self::Fields(vec![(format.value_tag.clone(), text)]), format)
            }
            _ => Self::Text,
        }
    }

    fn data_type(self, top: bool) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Whole => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Nothing | Self::Text if top => DataType::Utf8View,
            Self::Nothing | Self::Text => DataType::Utf8,
            Self::List(item) => DataType::List(Arc::new(Field::new_list_field(item.data_type(false), true))),
            Self::Fields(fields) => DataType::Struct(
                fields.into_iter().map(|(name, of)| Field::new(name, of.data_type(false), true)).collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(records: &[&str]) -> String {
        let options = |name: &str| (name == "rowTag").then_some("r");
        let format = XmlFormat::of(options).unwrap();
        let all = records.iter().fold(Shape::Nothing, |all, record| {
            all.and(Shape::of(&Element::parse(record.as_bytes(), &format).unwrap(), &format), &format)
        });
        crate::types::type_text(&all.data_type(true))
    }

    #[test]
    fn records_tell_their_columns() {
        assert_eq!(
            shape(&["<r><a>1</a><b>x</b></r>", "<r><a>2.5</a><c k='007'>true</c></r>"]),
            "struct<a:double,b:string,c:struct<_k:string,_VALUE:boolean>>"
        );
        assert_eq!(
            shape(&["<r><t>1</t><t>2</t></r>", "<r><t>3</t></r>", "<r><t/></r>"]),
            "struct<t:array<bigint>>"
        );
        assert_eq!(shape(&["<r><a>1</a></r>", "<r><a>x</a></r>"]), "struct<a:string>");
        assert_eq!(
            shape(&["<r><a>1</a></r>", "<r><a><b>x</b></a></r>"]),
            "struct<a:struct<b:string,_VALUE:bigint>>"
        );
        assert_eq!(shape(&["<r>5</r>", "<r>6</r>"]), "bigint");
    }
}
