use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, DataFusionError};
use datafusion::functions::core::expr_ext::FieldAccessor;
use datafusion::logical_expr::Expr;
use datafusion::prelude::DataFrame;

use super::wrong;
use crate::cast::{Reshape, reshape};
use crate::plan::FieldPath;

/// The names of a frame's columns.
pub(crate) fn names(frame: &DataFrame) -> Vec<String> {
    frame.schema().fields().iter().map(|field| field.name().clone()).collect()
}

/// A column by its exact name.
pub(crate) fn exact(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

/// A column or nested field, with its type.
///
/// # Errors
/// If there is none, with the names that there are.
pub(crate) fn column(frame: &DataFrame, path: &[String]) -> Result<(Expr, DataType), DataFusionError> {
    let (top, nested) = locate(frame, path)?;
    let field = top_field(frame, &top)?;
    let mut expr = exact(&top);
    let mut of = field.data_type().clone();
    for name in &nested {
        let found = match &of {
            DataType::Struct(fields) => fields
                .iter()
                .find(|field| field.name() == name)
                .or_else(|| fields.iter().find(|field| field.name().eq_ignore_ascii_case(name))),
            _ => None,
        };
        let Some(found) = found else {
            return Err(wrong(format!("there is no field `{name}` in `{top}`, whose type is `{of}`")));
        };
        let next = found.data_type().clone();
        expr = expr.field(found.name().as_str());
        of = next;
    }
    Ok((expr, of))
}

/// The column that a path begins with, by its own name, and what is left of the path.
pub(super) fn locate(frame: &DataFrame, path: &[String]) -> Result<(String, Vec<String>), DataFusionError> {
    let names = names(frame);
    let find = |wanted: &str| {
        let same = names.iter().find(|name| *name == wanted);
        same.or_else(|| names.iter().find(|name| name.eq_ignore_ascii_case(wanted))).cloned()
    };
    let Some((first, rest)) = path.split_first() else { return Err(wrong("a field's path is empty")) };
    if let Some(found) = find(first) {
        return Ok((found, rest.to_vec()));
    }
    // One text with dots, as scripts write paths.
    let mut parts = first.split('.');
    if let Some(found) = parts.next().and_then(find) {
        return Ok((found, parts.map(str::to_owned).chain(rest.iter().cloned()).collect()));
    }
    Err(wrong(format!("there is no column `{first}`: there are `{}`", names.join("`, `"))))
}

fn top_field<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Field, DataFusionError> {
    let fields = frame.schema().fields().iter();
    fields
        .map(AsRef::as_ref)
        .find(|field| field.name() == name)
        .ok_or_else(|| wrong(format!("there is no column `{name}`")))
}

/// SelectFields: the named columns in the named order; of a struct only the named fields.
pub(super) fn select(frame: DataFrame, paths: &[FieldPath]) -> Result<DataFrame, DataFusionError> {
    let mut chosen: Vec<(String, Vec<Vec<String>>)> = Vec::new();
    for path in paths {
        column(&frame, path)?;
        let (top, nested) = locate(&frame, path)?;
        match chosen.iter_mut().find(|(name, _)| *name == top) {
            Some((_, fields)) => fields.push(nested),
            None => chosen.push((top, vec![nested])),
        }
    }
    let exprs = chosen
        .into_iter()
        .map(|(top, wanted)| {
            if wanted.iter().any(Vec::is_empty) {
                return Ok(exact(&top));
            }
            let field = top_field(&frame, &top)?;
            let kept = |path: &[String]| {
                wanted.iter().any(|wanted| path.starts_with(wanted) || wanted.starts_with(path))
            };
            Ok(reshape(exact(&top), pruned(field.data_type(), &mut Vec::new(), &kept)).alias(top))
        })
        .collect::<Result<Vec<_>, DataFusionError>>()?;
    frame.select(exprs)
}

/// DropFields: all but the named columns and nested fields. A name that is not there is left out already.
pub(super) fn drop(frame: DataFrame, paths: &[FieldPath]) -> Result<DataFrame, DataFusionError> {
    let located: Vec<(String, Vec<String>)> =
        paths.iter().filter_map(|path| locate(&frame, path).ok()).collect();
    let exprs: Vec<Expr> = frame
        .schema()
        .fields()
        .iter()
        .filter_map(|field| {
            let name = field.name();
            let dropped: Vec<&[String]> =
                located.iter().filter(|(top, _)| top == name).map(|(_, nested)| nested.as_slice()).collect();
            if dropped.is_empty() {
                return Some(exact(name));
            }
            if dropped.iter().any(|nested| nested.is_empty()) {
                return None;
            }
            let kept = |path: &[String]| !dropped.contains(&path);
            Some(reshape(exact(name), pruned(field.data_type(), &mut Vec::new(), &kept)).alias(name))
        })
        .collect();
    if exprs.is_empty() {
        return Err(wrong("no field is left"));
    }
    frame.select(exprs)
}

fn pruned(of: &DataType, path: &mut Vec<String>, kept: &dyn Fn(&[String]) -> bool) -> Vec<Reshape> {
    let fields = match of {
        DataType::Struct(fields) => fields,
        DataType::List(element) => return pruned(element.data_type(), path, kept),
        _ => return vec![],
    };
    let mut out = Vec::new();
    for field in fields {
        path.push(field.name().clone());
        if kept(path) {
            out.push(Reshape {
                from: vec![field.name().clone()],
                to: field.name().clone(),
                cast: None,
                children: pruned(field.data_type(), path, kept),
            });
        }
        path.pop();
    }
    out
}

/// RenameField: a column, or a nested field that becomes a column or keeps its place in its struct.
pub(super) fn rename(
    frame: DataFrame,
    from: &FieldPath,
    to: &FieldPath,
) -> Result<DataFrame, DataFusionError> {
    let (moved, _) = column(&frame, from)?;
    let (top, nested) = locate(&frame, from)?;
    let (Some(last), [to_top, to_nested @ ..]) = (to.last(), to.as_slice()) else {
        return Err(wrong("the target path is empty"));
    };
    if nested.is_empty() && to_nested.is_empty() {
        let exprs = names(&frame)
            .into_iter()
            .filter(|name| name != to_top || *name == top)
            .map(|name| if name == top { exact(&name).alias(to_top) } else { exact(&name) });
        let exprs: Vec<Expr> = exprs.collect();
        return frame.select(exprs);
    }
    if to_nested.is_empty() {
        let others = names(&frame).into_iter().filter(|name| name != to_top).map(|name| exact(&name));
        let exprs: Vec<Expr> = others.chain([moved.alias(to_top)]).collect();
        let path: Vec<String> = [top].into_iter().chain(nested).collect();
        return drop(frame.select(exprs)?, &[path]);
    }
    let same_struct = *to_top == top && to_nested.len() == nested.len() && {
        let parent = |path: &[String]| path.split_last().map(|(_, parent)| parent.to_vec());
        parent(to_nested) == parent(&nested)
    };
    if !same_struct {
        return Err(wrong(format!("`{}` cannot be moved into the struct `{to_top}`", from.join("."))));
    }
    let field = top_field(&frame, &top)?;
    let mut shape = pruned(field.data_type(), &mut Vec::new(), &|_| true);
    set_name(&mut shape, &nested, last);
    let exprs: Vec<Expr> = names(&frame)
        .into_iter()
        .map(|name| if name == top { reshape(exact(&name), shape.clone()).alias(name) } else { exact(&name) })
        .collect();
    frame.select(exprs)
}

fn set_name(shape: &mut [Reshape], path: &[String], name: &str) {
    let Some((first, rest)) = path.split_first() else { return };
    for step in shape.iter_mut().filter(|step| step.from.last() == Some(first)) {
        if rest.is_empty() {
            name.clone_into(&mut step.to);
        } else {
            set_name(&mut step.children, rest, name);
        }
    }
}
