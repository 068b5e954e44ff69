//! Bytes to schema: format detection, type inference, table grouping.
