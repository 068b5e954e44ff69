//! Jobs over small data, run whole.

mod catalog;
mod flights;
mod sink;
mod sources;
mod support;
mod transforms;
