//! What a script brings along, from S3 to folders of the run's own.

use std::path::{Path, PathBuf};

use mastic_handoff::{Category, ScriptSource};

use crate::failure::Failure;
use crate::session::Session;

use super::arguments::Special;

/// The folders of a run with a script.
pub(super) struct Folders {
    /// All others are in it; the server removes it.
    pub scratch: PathBuf,
    /// The script.
    pub script: PathBuf,
    /// What `--extra-py-files` names.
    pub modules: PathBuf,
    /// The working directory, with what `--extra-files` names.
    pub work: PathBuf,
}

impl Folders {
    pub(super) fn make(scratch: &Path) -> Result<Self, Failure> {
        let folder = |name: &str| {
            let folder = scratch.join(name);
            std::fs::create_dir_all(&folder).map_err(|error| unwritten(&folder, &error))?;
            Ok::<_, Failure>(folder)
        };
        Ok(Self {
            scratch: scratch.to_owned(),
            script: folder("script")?,
            modules: folder("modules")?,
            work: folder("work")?,
        })
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let category = match error.kind() {
        std::io::ErrorKind::StorageFull => Category::DiskNoSpace,
        _ => Category::Unclassified,
    };
    Failure::of(category, format!("`{}` cannot be written: {error}", path.display()))
}

/// Fetches the script; where it is then.
pub(super) async fn fetch_script(
    session: &Session,
    source: &ScriptSource,
    job: &str,
    folders: &Folders,
) -> Result<PathBuf, Failure> {
    match source {
        ScriptSource::Object(url) => {
            let fetched = fetch_one(session, url, &folders.script).await;
            fetched.map_err(|failure| failure.at(format!("the script {url}")))
        }
        ScriptSource::Text(text) => {
            let name: String = job.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
            let path = folders.script.join(format!("{name}.py"));
            tokio::fs::write(&path, text).await.map_err(|error| unwritten(&path, &error))?;
            Ok(path)
        }
    }
}

/// Fetches what the arguments name; the paths where Python is to look for modules.
pub(super) async fn fetch(
    session: &Session,
    special: &Special<'_>,
    folders: &Folders,
) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    for url in &special.py_files {
        let fetched = fetch_one(session, url, &folders.modules).await;
        let path = fetched.map_err(|failure| failure.at(format!("--extra-py-files {url}")))?;
        // Packages are imported from archives as they are; modules from the folder that they are in.
        if path
            .extension()
            .is_some_and(|extension| ["zip", "whl", "egg"].iter().any(|known| extension == *known))
        {
            paths.push(path);
        }
    }
    paths.push(folders.modules.clone());
    paths.push(folders.script.clone());
    for url in &special.files {
        let fetched = fetch_one(session, url, &folders.work).await;
        fetched.map_err(|failure| failure.at(format!("--extra-files {url}")))?;
    }
    Ok(paths)
}

/// Fetches an object into a folder, under the last part of its key.
pub(super) async fn fetch_one(session: &Session, url: &str, folder: &Path) -> Result<PathBuf, Failure> {
    let (bucket, key) = parts(url).ok_or_else(|| {
        let text = format!("`{url}` is no object in S3: s3://bucket/key is wanted");
        Failure::of(Category::InvalidArgument, text)
    })?;
    let body = session.client.s3().get_object(bucket, key).await?;
    let name = key.rsplit('/').next().unwrap_or(key);
    let path = folder.join(name);
    tokio::fs::write(&path, body).await.map_err(|error| unwritten(&path, &error))?;
    Ok(path)
}

/// Bucket and key of a place in S3, under any of the schemes that Spark knows.
pub(super) fn place(url: &str) -> Option<(&str, &str)> {
    let rest = ["s3://", "s3a://", "s3n://"].iter().find_map(|scheme| url.strip_prefix(scheme))?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    (!bucket.is_empty()).then_some((bucket, key))
}

/// Bucket and key of an object.
fn parts(url: &str) -> Option<(&str, &str)> {
    let name = |key: &str| !["", ".", ".."].contains(&key.rsplit('/').next().unwrap_or(key));
    place(url).filter(|(_, key)| name(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_names() {
        assert_eq!(parts("s3://b/x/y.py"), Some(("b", "x/y.py")));
        assert_eq!(parts("s3a://b/y.py"), Some(("b", "y.py")));
        for wrong in ["s3://b", "s3://b/", "s3://b/x/", "s3://b/x/..", "/x.py", "s3:///x"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }
}
