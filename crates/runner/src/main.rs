//! One run in one process: crawl or visual job.

fn main() {}
