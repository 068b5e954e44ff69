//! Glue jobs and crawlers: definitions, runs, the scheduler.
