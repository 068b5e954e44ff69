//! The Mastic server and command line.

fn main() {}
