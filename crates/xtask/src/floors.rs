//! The floors of the house: an arrow between two crates may only point down.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::Failure;

/// Floor of each crate. Siblings on floors 3 and 4 may not know each other; below that, the order
/// within a floor is the order of this list.
const FLOORS: &[(u8, &[&str])] = &[
    (0, &["mastic-core"]),
    (
        1,
        &[
            "mastic-shape",
            "mastic-api-glue",
            "mastic-api-iam",
            "mastic-api-mastic",
            "mastic-api-watch",
            "mastic-wire",
            "mastic-sigv4",
            "mastic-policy",
            "mastic-hive",
            "mastic-schedule",
            "mastic-script",
            "mastic-store",
            "mastic-client",
            "mastic-handoff",
            "mastic-runtime",
        ],
    ),
    (2, &["mastic-kernel", "mastic-store-sqlite"]),
    (
        3,
        &[
            "mastic-iam",
            "mastic-organizations",
            "mastic-analyzer",
            "mastic-objects",
            "mastic-catalog",
            "mastic-jobs",
            "mastic-watch",
            "mastic-trail",
        ],
    ),
    (4, &["mastic-gateway", "mastic-s3-door"]),
    (5, &["mastic", "xtask"]),
];

/// The engine tower: may know floors 0 and 1, and nothing of the server's may know it.
const ENGINE: &[&str] = &["mastic-classify", "mastic-crawl", "mastic-jdbc", "mastic-engine", "mastic-runner"];

/// What only `mastic-engine` and `mastic-runner` may link.
const HEAVY: &[&str] = &["datafusion", "arrow", "parquet"];

pub fn run(root: &Path) -> Result<(), Failure> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let mut wrong = Vec::new();
    for package in members(&metadata, "packages") {
        let name = text(package, "name");
        for dependency in members(package, "dependencies") {
            let dev = text(dependency, "kind") == "dev";
            let target = text(dependency, "name");
            if let Some(reason) = forbidden(name, target, dev) {
                wrong.push(format!("{name} -> {target}: {reason}"));
            }
        }
        if name != "mastic" && place(name).is_none() && !ENGINE.contains(&name) {
            wrong.push(format!("{name} stands on no floor: add it to xtask's list"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn members<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn forbidden(from: &str, to: &str, dev: bool) -> Option<&'static str> {
    let heavy = HEAVY.iter().any(|crate_| to == *crate_ || to.starts_with(&format!("{crate_}-")));
    if heavy && !["mastic-engine", "mastic-runner"].contains(&from) {
        return Some("only the engine and the runner link DataFusion, Arrow and Parquet");
    }
    let engine = ENGINE.iter().position(|e| *e == from);
    let to_engine = ENGINE.iter().position(|e| *e == to);
    match (engine, to_engine, place(from), place(to)) {
        (Some(a), Some(b), ..) if a <= b => {
            Some("the engine tower's own order is classify, crawl, jdbc, engine, runner")
        }
        (Some(_), None, _, Some((floor, _))) if floor > 1 && !dev => {
            Some("the engine tower is a client: it knows words and pure crates only")
        }
        (None, Some(_), ..) => Some("the server tower never links the engine tower"),
        (None, None, Some((a, i)), Some((b, j)))
            if !dev && (b > a || (b == a && ((3..5).contains(&a) || j >= i))) =>
        {
            Some("arrows point to lower floors only")
        }
        _ => None,
    }
}

/// Floor and place within it.
fn place(name: &str) -> Option<(u8, usize)> {
    FLOORS.iter().find_map(|(floor, names)| Some((*floor, names.iter().position(|n| *n == name)?)))
}

#[cfg(test)]
mod tests {
    use super::forbidden;

    #[test]
    fn arrows_point_down() {
        assert_eq!(forbidden("mastic-catalog", "mastic-kernel", false), None);
        assert!(forbidden("mastic-catalog", "mastic-iam", false).is_some());
        assert!(forbidden("mastic-kernel", "mastic-iam", false).is_some());
        assert!(forbidden("mastic-hive", "arrow-schema", false).is_some());
        assert!(forbidden("mastic", "mastic-engine", false).is_some());
        assert!(forbidden("mastic-engine", "mastic-kernel", false).is_some());
        assert_eq!(forbidden("mastic-engine", "mastic-classify", false), None);
    }
}
