//! Puts the Python packages that scripts find installed into the binary, so that it is all that has to be copied.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders under `python/` whose packages are embedded.
const PACKAGES: [&str; 2] = ["awsglue", "mastic_host"];

#[expect(
    clippy::disallowed_methods,
    reason = "Cargo tells a build script by the environment where its output goes"
)]
fn main() -> io::Result<()> {
    let python =
        PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../../python");
    let mut files = Vec::new();
    for package in PACKAGES {
        let folder = python.join(package);
        println!("cargo::rerun-if-changed={}", folder.display());
        if folder.is_dir() {
            gather(&folder, &folder, &mut files)?;
        }
    }
    files.sort();
    let mut source = String::from("const SOURCES: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        writeln!(source, "    ({name:?}, include_bytes!({:?})),", path.canonicalize()?)
            .map_err(io::Error::other)?;
    }
    source.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    fs::write(out.join("sources.rs"), source)
}

/// The modules under a folder, by their path within `root`; tests and set-up stay behind.
fn gather(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir()
            && !["tests", "__pycache__", "build"].contains(&name.as_str())
            && !name.starts_with('.')
        {
            gather(root, &path, files)?;
        } else if (name.ends_with(".py") || name == "py.typed") && folder != root {
            let inner = path.strip_prefix(root).map_err(io::Error::other)?;
            files.push((inner.to_string_lossy().into_owned(), path));
        }
    }
    Ok(())
}
