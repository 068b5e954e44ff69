//! The arguments of a run that are Glue's own business, and those that a script sees. Source: "AWS Glue job parameters"
//! (AWS Glue Developer Guide).

use std::collections::BTreeMap;

use mastic_handoff::{Category, ScriptKind, ScriptWork};

use crate::failure::Failure;

/// What the special arguments say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Special<'a> {
    /// `--extra-py-files`: modules and packages in S3.
    pub py_files: Vec<&'a str>,
    /// `--extra-files`: files for the working directory.
    pub files: Vec<&'a str>,
    /// `--additional-python-modules`: what pip is to install, wheels in S3 among them.
    pub modules: Vec<&'a str>,
    /// `--python-modules-installer-option`: further options of pip.
    pub pip: Vec<&'a str>,
    /// `--conf`: settings of Spark.
    pub conf: BTreeMap<String, String>,
    /// `--enable-glue-datacatalog`: whether Spark's own catalog is Glue's.
    pub glue_catalog: bool,
    /// `--spark-remote`: a Spark Connect endpoint.
    pub spark_remote: Option<&'a str>,
    /// What is given and does nothing here: sentences for the log.
    pub idle: Vec<String>,
}

/// Arguments that do nothing here, and why.
const IDLE: [(&str, &str); 4] = [
    ("--extra-jars", NO_JVM),
    ("--user-jars-first", NO_JVM),
    ("--class", NO_JVM),
    ("--library-set", "packages come by --additional-python-modules"),
];

const NO_JVM: &str = "no JVM runs here that would load classes";

/// The setting that makes Spark's catalog Glue's, from before there was an argument for it.
const FACTORY: (&str, &str) =
    ("spark.hadoop.hive.metastore.client.factory.class", "AWSGlueDataCatalogHiveClientFactory");

impl<'a> Special<'a> {
    pub(super) fn of(arguments: &'a BTreeMap<String, String>) -> Result<Self, Failure> {
        let given =
            |name: &str| arguments.get(name).map(String::as_str).filter(|text| !text.trim().is_empty());
        let list = |name: &str| -> Vec<&'a str> {
            let items = given(name).unwrap_or_default().split(',').map(str::trim);
            items.filter(|item| !item.is_empty()).collect()
        };
        if let Some(formats) = given("--datalake-formats")
            && let Some(unknown) =
                formats.split(',').map(str::trim).find(|format| !["iceberg", "delta", ""].contains(format))
        {
            let text = format!("--datalake-formats {unknown} is not supported: iceberg and delta are.");
            return Err(Failure::of(Category::UnsupportedOperation, text));
        }
        let conf = given("--conf").map(conf).transpose()?.unwrap_or_default();
        // A key without a value turns it on, too.
        let catalog = arguments.get("--enable-glue-datacatalog").is_some_and(|value| value != "false");
        let factory = conf.get(FACTORY.0).is_some_and(|class| class.ends_with(FACTORY.1));
        let idle = IDLE.iter().filter(|(name, _)| given(name).is_some());
        Ok(Self {
            py_files: list("--extra-py-files"),
            files: list("--extra-files"),
            modules: list("--additional-python-modules"),
            pip: given("--python-modules-installer-option").unwrap_or_default().split_whitespace().collect(),
            conf,
            glue_catalog: catalog || factory,
            spark_remote: given("--spark-remote"),
            idle: idle.map(|(name, why)| format!("{name} is without effect: {why}.")).collect(),
        })
    }
}

/// `k=v`, and more behind further `--conf`, which is how several get into one argument.
fn conf(text: &str) -> Result<BTreeMap<String, String>, Failure> {
    let settings = text.split("--conf").map(str::trim).filter(|setting| !setting.is_empty());
    let pairs = settings.map(|setting| {
        let pair = setting.split_once('=').filter(|(key, _)| !key.trim().is_empty());
        let wrong = || {
            let text = format!("--conf is key=value, and more behind further --conf; `{setting}` is not.");
            Failure::of(Category::InvalidArgument, text)
        };
        pair.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).ok_or_else(wrong)
    });
    pairs.collect()
}

/// What the script finds behind its own name in `sys.argv`.
pub(super) fn argv(work: &ScriptWork) -> Vec<String> {
    let mut arguments = work.arguments.clone();
    let own = work.run_id.strip_prefix("jr_").unwrap_or(&work.run_id);
    if work.kind == ScriptKind::Spark {
        arguments.insert("--JOB_NAME".to_owned(), work.job_name.clone());
        arguments.insert("--JOB_ID".to_owned(), format!("j_{own}"));
        arguments.insert("--JOB_RUN_ID".to_owned(), work.run_id.clone());
        let option = "--job-bookmark-option".to_owned();
        if !arguments.contains_key("--continuation-option") {
            arguments.entry(option).or_insert_with(|| "job-bookmark-disable".to_owned());
        }
    }
    flat(arguments)
}

/// Names and values as programs get them.
pub(super) fn flat(arguments: BTreeMap<String, String>) -> Vec<String> {
    arguments.into_iter().flat_map(|(name, value)| [name, value]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_does_nothing_is_told() {
        let given = map(&[("--extra-jars", "s3://b/a.jar"), ("--class", ""), ("--TempDir", "s3://b/t/")]);
        let idle = Special::of(&given).unwrap().idle;
        assert_eq!(idle, ["--extra-jars is without effect: no JVM runs here that would load classes."]);
    }

    #[test]
    fn lists_and_settings() {
        let given = map(&[
            ("--extra-py-files", "s3://b/a.py, s3://b/c.zip,"),
            ("--additional-python-modules", "rich==13.0,s3://b/x.whl"),
            ("--conf", "spark.a=1 --conf spark.b=x=y"),
            ("--enable-glue-datacatalog", ""),
        ]);
        let special = Special::of(&given).unwrap();
        assert_eq!(special.py_files, ["s3://b/a.py", "s3://b/c.zip"]);
        assert_eq!(special.modules, ["rich==13.0", "s3://b/x.whl"]);
        assert_eq!(special.conf, map(&[("spark.a", "1"), ("spark.b", "x=y")]));
        assert!(special.glue_catalog);
        assert!(!Special::of(&map(&[])).unwrap().glue_catalog);
        assert!(
            Special::of(&map(&[("--conf", &format!("{}=com.x.{}", FACTORY.0, FACTORY.1))]))
                .unwrap()
                .glue_catalog
        );
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let refused = |name: &str, value: &str| Special::of(&map(&[(name, value)])).unwrap_err().to_string();
        assert!(refused("--conf", "spark.a").contains("`spark.a` is not"));
        assert!(refused("--datalake-formats", "delta,hudi").contains("hudi is not supported"));
    }
}
