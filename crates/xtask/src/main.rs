//! The workspace's own tools: api generation, floors, lists.

fn main() {}
