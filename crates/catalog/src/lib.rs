//! The Glue Data Catalog.
