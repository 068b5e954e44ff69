//! Generated types and operation table of Glue.
