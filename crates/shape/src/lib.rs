//! The schema, value and operation-table vocabulary that generated API types fill.
