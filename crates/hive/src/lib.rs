//! Glue's type grammar, partition expressions, SerDe and input-format descriptors.
