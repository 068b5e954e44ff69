//! How fields are named: paths of DynamicFrames, columns of Spark, items of a record.

use super::Outcome;
use crate::python::{Py, quoted};

/// A field as AWS Glue's transforms take it: dots between the names, backticks around a name with dots of its own.
pub(super) fn field(path: &[String]) -> Outcome<String> {
    match path {
        [] => Err("A field's path is empty.".to_owned()),
        // One text with dots is a path already.
        [only] => Ok(only.clone()),
        several => Ok(several.iter().map(|name| ticked(name)).collect::<Vec<_>>().join(".")),
    }
}

/// Several of them.
pub(super) fn fields(paths: &[Vec<String>]) -> Outcome<Py> {
    Ok(Py::List(paths.iter().map(|path| Ok(Py::str(field(path)?))).collect::<Outcome<_>>()?))
}

fn ticked(name: &str) -> String {
    if name.contains(['.', '`']) { format!("`{}`", name.replace('`', "``")) } else { name.to_owned() }
}

/// The steps of a path: one text with dots is a path.
pub(super) fn steps(path: &[String]) -> Vec<String> {
    match path {
        [only] => only.split('.').map(str::to_owned).collect(),
        several => several.to_vec(),
    }
}

/// A column's own name: partition keys and the like are never nested.
pub(super) fn columns(paths: &[Vec<String>]) -> Outcome<Py> {
    let name = |path: &Vec<String>| match path.as_slice() {
        [only] => Ok(Py::str(only)),
        _ => Err(format!("The column {} is a field of another one.", path.join("."))),
    };
    Ok(Py::List(paths.iter().map(name).collect::<Outcome<_>>()?))
}

/// `row["a"]["b"]`
pub(super) fn item(row: &str, steps: &[String]) -> String {
    steps.iter().fold(row.to_owned(), |item, step| format!("{item}[{}]", quoted(step)))
}

/// `DynamicFrame.fromDF(df, glueContext, "context")`
pub(super) fn from_df(frame: impl Into<String>, context: &str) -> Py {
    let placed = vec![Py::code(frame), Py::code("glueContext"), Py::str(context)];
    Py::Call("DynamicFrame.fromDF".to_owned(), placed, vec![])
}
