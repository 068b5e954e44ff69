//! The columns that an author declares, as a `StructType` of Spark's in JSON.

use mastic_hive::HiveType;

use crate::python::Py;

/// `{"type": "struct", "fields": [...]}`
pub(super) fn struct_type(columns: &[(String, String)]) -> Py {
    fields(columns.iter().map(|(name, of)| (name, typed(of))))
}

fn fields<'a>(fields: impl Iterator<Item = (&'a String, Py)>) -> Py {
    let field = |(name, of): (&String, Py)| Py::dict([("name", Py::str(name)), ("type", of)]);
    Py::dict([("type", Py::str("struct")), ("fields", Py::List(fields.map(field).collect()))])
}

/// A type by its text. What Hive does not know is left to who reads the schema.
fn typed(text: &str) -> Py {
    text.parse::<HiveType>().map_or_else(|_| Py::str(text), |of| data_type(&of))
}

fn data_type(of: &HiveType) -> Py {
    match of {
        HiveType::TinyInt => Py::str("byte"),
        HiveType::SmallInt => Py::str("short"),
        HiveType::Int => Py::str("integer"),
        HiveType::BigInt => Py::str("long"),
        HiveType::Char(_) | HiveType::Varchar(_) => Py::str("string"),
        HiveType::Array(element) => Py::dict([
            ("type", Py::str("array")),
            ("elementType", data_type(element)),
            ("containsNull", Py::Bool(true)),
        ]),
        HiveType::Struct(inner) => fields(inner.iter().map(|field| (&field.name, data_type(&field.ty)))),
        other => Py::str(other.to_string()),
    }
}
