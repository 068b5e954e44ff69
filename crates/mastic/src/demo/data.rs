//! The demo's files: nycflights13 (CC0), three months of 2013.

/// The bucket of the storage account.
pub const STORAGE_BUCKET: &str = "nyc-flights-111122223333";

/// The bucket of the analytics account.
pub const ANALYTICS_BUCKET: &str = "analytics-444455556666";

/// Keys and bytes.
pub const FILES: &[(&str, &[u8])] = &[
    ("airlines/airlines.csv", include_bytes!("../../demo/nycflights13/airlines/airlines.csv")),
    ("planes/planes.csv", include_bytes!("../../demo/nycflights13/planes/planes.csv")),
    (
        "flights/month=1/flights.csv.gz",
        include_bytes!("../../demo/nycflights13/flights/month=1/flights.csv.gz"),
    ),
    (
        "flights/month=2/flights.csv.gz",
        include_bytes!("../../demo/nycflights13/flights/month=2/flights.csv.gz"),
    ),
    (
        "flights/month=3/flights.csv.gz",
        include_bytes!("../../demo/nycflights13/flights/month=3/flights.csv.gz"),
    ),
];

/// The visual job, as `aws glue create-job --code-gen-configuration-nodes` takes it.
pub const JOB: &str = include_str!("../../demo/job.json");

/// The same job as a script.
pub const SCRIPT: &str = include_str!("../../demo/job.py");
