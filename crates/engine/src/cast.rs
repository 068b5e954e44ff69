//! Casts as Glue does them: a value that does not fit becomes null, never an error.

mod array;
mod parse;
mod udf;

pub(crate) use array::{cast_array, cast_text};
pub(crate) use parse::decimal;
pub(crate) use udf::{Reshape, glue_cast, reshape};
