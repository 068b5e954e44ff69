//! Visual jobs as DataFusion plans: sources, transforms, sinks.
