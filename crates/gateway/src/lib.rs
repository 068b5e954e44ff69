//! The HTTP door: limits, signatures, routing by operation table, errors out.
