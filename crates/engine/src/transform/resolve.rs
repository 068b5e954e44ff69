//! ResolveChoice: what becomes of columns that are choices (ResolveChoice class in the Developer Guide).

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use datafusion::functions::core::expr_ext::FieldAccessor;
use datafusion::logical_expr::Expr;
use datafusion::prelude::DataFrame;

use super::fields::{column, exact};
use super::wrong;
use crate::cast::glue_cast;
use crate::choice::{has_choice, members, plain};
use crate::types::arrow_type;

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// `cast:type`: its values, of a choice or not, as values of the type.
    Cast(DataType),
    /// `make_cols`: a column for each type, called by the column's name and the type's.
    MakeCols,
    /// `make_struct`: a struct with a field for each type.
    MakeStruct,
    /// `project:type`: a choice's values as values of the type.
    Project(DataType),
}

impl Action {
    /// Reads an action as Glue writes it.
    ///
    /// # Errors
    /// Names the action or type that is none.
    pub(crate) fn parse(text: &str) -> Result<Self, DataFusionError> {
        let typed = |of: &str| arrow_type(of).map_err(|error| wrong(format!("the action `{text}`: {error}")));
        match (text, text.split_once(':')) {
            ("make_cols", _) => Ok(Self::MakeCols),
            ("make_struct", _) => Ok(Self::MakeStruct),
            (_, Some(("cast", of))) => Ok(Self::Cast(typed(of)?)),
            (_, Some(("project", of))) => Ok(Self::Project(typed(of)?)),
            _ => Err(wrong(format!(
                "the action `{text}` is not supported: cast:type, project:type, make_cols and make_struct are"
            ))),
        }
    }
}

/// Resolves the named columns, each by its action, or all choices by one action.
///
/// # Errors
/// There is no such column.
pub(crate) fn apply(
    frame: DataFrame,
    specs: &[(String, Action)],
    choice: Option<&Action>,
) -> Result<DataFrame, DataFusionError> {
    for (path, _) in specs {
        column(&frame, std::slice::from_ref(path))?;
    }
    let mut exprs: Vec<Expr> = Vec::new();
    for field in frame.schema().fields() {
        let (name, of) = (field.name(), field.data_type());
        let action = specs.iter().find(|(path, _)| path.eq_ignore_ascii_case(name)).map(|(_, action)| action);
        let action = action.or(choice.filter(|_| has_choice(of)));
        match (action, members(of)) {
            (Some(Action::Cast(to)), _) | (Some(Action::Project(to)), Some(_)) => {
                exprs.push(glue_cast(exact(name), to).alias(name));
            }
            (Some(Action::MakeCols), Some(members)) => exprs.extend(members.iter().map(|member| {
                exact(name).field(member.name().as_str()).alias(format!("{name}_{}", member.name()))
            })),
            (Some(Action::MakeStruct | Action::MakeCols), _) if has_choice(of) => {
                exprs.push(glue_cast(exact(name), &plain(of)).alias(name));
            }
            _ => exprs.push(exact(name)),
        }
    }
    frame.select(exprs)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use datafusion::arrow::datatypes::{Field, Schema};
    use datafusion::arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::SessionContext;

    use super::*;
    use crate::cast::cast_array;
    use crate::choice::united;

    fn frame() -> DataFrame {
        let of = united(&DataType::Int64, &DataType::Utf8);
        let number = cast_array(&(Arc::new(Int64Array::from(vec![5])) as ArrayRef), &of).unwrap();
        let text = cast_array(&(Arc::new(StringArray::from(vec!["x"])) as ArrayRef), &of).unwrap();
        let schema = Arc::new(Schema::new(vec![Field::new("v", of, true)]));
        let context = SessionContext::new();
        let batches =
            [number, text].map(|values| RecordBatch::try_new(Arc::clone(&schema), vec![values]).unwrap());
        context.read_batches(batches).unwrap()
    }

    async fn rows(action: &str) -> Vec<String> {
        let frame = apply(frame(), &[], Some(&Action::parse(action).unwrap())).unwrap();
        let text = pretty_format_batches(&frame.collect().await.unwrap()).unwrap().to_string();
        let rows = text.lines().filter(|line| line.starts_with('|'));
        rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>().join("|")).collect()
    }

    #[tokio::test]
    async fn the_four_actions() {
        assert_eq!(rows("cast:long").await, ["|v|", "|5|", "||"]);
        assert_eq!(rows("project:string").await, ["|v|", "|5|", "|x|"]);
        assert_eq!(rows("make_cols").await, ["|v_long|v_string|", "|5||", "||x|"]);
        assert_eq!(rows("make_struct").await, ["|v|", "|{long: 5, string: }|", "|{long: , string: x}|"]);
        assert!(
            Action::parse("match_catalog")
                .unwrap_err()
                .to_string()
                .contains("`match_catalog` is not supported")
        );
        let gone = apply(frame(), &[("nope".to_owned(), Action::MakeCols)], None);
        assert!(gone.unwrap_err().to_string().contains("no column `nope`"));
    }
}
