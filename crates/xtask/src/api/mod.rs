//! Generates the API crates: types, schemas and operation tables from botocore's models, access
//! columns from AWS's service authorization reference.

mod authorization;
mod emit;
mod model;
mod names;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use model::{Actions, Model};

use crate::Failure;

/// The botocore release whose models are checked in; `make lint` compares against the same one.
const BOTOCORE: &str = "1.43.11";

struct Source {
    /// Service id and key in the authorization reference; without its hyphens, the module's name.
    id: &'static str,
    crate_name: &'static str,
    /// Below botocore's `data`; `None` for Mastic's own model, which is in its crate.
    model: Option<&'static str>,
}

const SOURCES: &[Source] = &[
    Source { id: "glue", crate_name: "api-glue", model: Some("glue/2017-03-31") },
    Source { id: "iam", crate_name: "api-iam", model: Some("iam/2010-05-08") },
    Source { id: "sts", crate_name: "api-iam", model: Some("sts/2011-06-15") },
    Source { id: "organizations", crate_name: "api-iam", model: Some("organizations/2016-11-28") },
    Source { id: "access-analyzer", crate_name: "api-iam", model: Some("accessanalyzer/2019-11-01") },
    Source { id: "cloudtrail", crate_name: "api-watch", model: Some("cloudtrail/2013-11-01") },
    Source { id: "logs", crate_name: "api-watch", model: Some("logs/2014-03-28") },
    Source { id: "mastic", crate_name: "api-mastic", model: None },
];

/// Members for which the model names another shape than AWS answers with: structure, member, shape. Interactive sessions
/// say `ok` and `error`, which their clients wait for, where the model has the states of statements.
const CORRECTIONS: [(&str, &str, &str); 1] = [("StatementOutput", "Status", "GenericString")];

/// A service's model with the operations that Mastic implements.
struct Described {
    source: &'static Source,
    model: Model,
    implemented: Vec<String>,
}

fn described(root: &Path, models: Option<PathBuf>) -> Result<Vec<Described>, Failure> {
    let models = models.map_or_else(installed_models, Ok)?;
    let mut all = Vec::new();
    for source in SOURCES {
        let home = root.join("crates").join(source.crate_name);
        let mut model = match source.model {
            Some(path) => Model::read_gz(&models.join(path).join("service-2.json.gz"))?,
            None => Model::read(&home.join("model.json"))?,
        };
        CORRECTIONS
            .into_iter()
            .for_each(|(structure, member, shape)| model.correct(structure, member, shape));
        let listed = fs::read_to_string(home.join(format!("implemented-{}.txt", source.id)))?;
        let implemented: Vec<String> = listed.split_whitespace().map(str::to_owned).collect();
        if let Some(unknown) = implemented.iter().find(|name| !model.operations.contains_key(*name)) {
            return Err(format!("{} has no operation {unknown}", source.id).into());
        }
        all.push(Described { source, model, implemented });
    }
    Ok(all)
}

/// Every operation of the models that Mastic does not implement, as `service:Operation`.
pub fn not_implemented(root: &Path, models: Option<PathBuf>) -> Result<Vec<String>, Failure> {
    let mut rows = Vec::new();
    for Described { source, model, implemented } in described(root, models)? {
        let missing = model.operations.keys().filter(|name| !implemented.contains(name));
        rows.extend(missing.map(|name| format!("{}:{name}", source.id)));
    }
    rows.sort();
    Ok(rows)
}

/// The names of a service's operations, by the place of its model below botocore's `data`; without deprecated
/// ones, which in S3 are other names of the same requests.
pub fn operations(models: Option<PathBuf>, service: &str) -> Result<Vec<String>, Failure> {
    let models = models.map_or_else(installed_models, Ok)?;
    let model = Model::read_gz(&models.join(service).join("service-2.json.gz"))?;
    Ok(model
        .operations
        .into_iter()
        .filter(|(_, operation)| !operation.deprecated)
        .map(|(name, _)| name)
        .collect())
}

pub fn run(root: &Path, models: Option<PathBuf>, check: bool) -> Result<(), Failure> {
    let actions: Actions =
        serde_json::from_slice(&fs::read(root.join("crates/xtask/data/iam-actions.json"))?)?;
    let mut stale = Vec::new();
    let table = root.join("crates/api-iam/src/authorization.txt");
    let rows = authorization::table(&actions);
    if fs::read_to_string(&table).ok().as_deref() != Some(&rows) {
        if check {
            stale.push(table.display().to_string());
        } else {
            fs::write(&table, rows)?;
        }
    }
    for Described { source, model, implemented } in described(root, models)? {
        let implemented: Vec<&str> = implemented.iter().map(String::as_str).collect();
        let home = root.join("crates").join(source.crate_name);
        let folder = home.join("src").join(source.id.replace('-', ""));
        for (name, text) in emit::service(source.id, &model, &implemented, actions.get(source.id)) {
            let path = folder.join(name);
            let text = formatted(&text)?;
            if fs::read_to_string(&path).ok().as_deref() == Some(&text) {
                continue;
            }
            if check {
                stale.push(path.display().to_string());
            } else {
                fs::create_dir_all(&folder)?;
                fs::write(&path, text)?;
            }
        }
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!("run `cargo xtask api`; these differ from the models:\n{}", stale.join("\n")).into())
    }
}

fn installed_models() -> Result<PathBuf, Failure> {
    let script = "import botocore; print(botocore.__version__); print(botocore.__path__[0])";
    let output = Command::new("python3").args(["-c", script]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut lines = text.lines();
    match (lines.next(), lines.next()) {
        (Some(version), Some(path)) if version == BOTOCORE => Ok(Path::new(path).join("data")),
        (Some(version), _) => Err(format!("botocore {BOTOCORE} is wanted, {version} is installed").into()),
        _ => Err(format!("botocore {BOTOCORE} is not installed: pip install botocore=={BOTOCORE}").into()),
    }
}

fn formatted(text: &str) -> Result<String, Failure> {
    use std::io::Write as _;

    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "max_width=110,use_small_heuristics=Max"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("rustfmt has no input")?;
    let body = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(body.as_bytes()));
    let output = child.wait_with_output()?;
    writer.join().map_err(|_| "rustfmt's input broke")??;
    if output.status.success() { Ok(String::from_utf8(output.stdout)?) } else { Err("rustfmt failed".into()) }
}
