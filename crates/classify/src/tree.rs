//! The folders that the keys under an include path make.

use std::collections::BTreeMap;

/// A folder: its files and the folders in it, both in order of their names.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// The last part of its path; the include path's or bucket's at the root.
    pub(crate) name: String,
    /// The key prefix of everything in it, ending in a slash; empty for a whole bucket.
    pub(crate) path: String,
    /// How far down it is; a bucket is level 1.
    pub(crate) level: u32,
    /// Places of its files in the list of files.
    pub(crate) files: Vec<usize>,
    /// The name of the first file in it that is empty.
    pub(crate) empty: Option<String>,
    pub(crate) folders: BTreeMap<String, Folder>,
}

impl Folder {
    /// The root folder of an include path `bucket`/`prefix`.
    pub(crate) fn root(bucket: &str, prefix: &str) -> Self {
        let prefix = prefix.trim_end_matches('/');
        let name = prefix.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(bucket);
        let path = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let depth = path.bytes().filter(|byte| *byte == b'/').count();
        let level = u32::try_from(depth).unwrap_or(u32::MAX).saturating_add(1);
        Self { name: name.to_owned(), path, level, ..Self::default() }
    }

    /// Puts a file, by its path below this folder, where it belongs.
    pub(crate) fn insert(&mut self, relative: &str, file: usize) {
        let (folder, _) = self.reach(relative);
        folder.files.push(file);
    }

    /// Notes a file that is empty.
    pub(crate) fn insert_empty(&mut self, relative: &str) {
        let (folder, name) = self.reach(relative);
        folder.empty.get_or_insert_with(|| name.to_owned());
    }

    /// The folder of a path below this one, and the name that is left.
    fn reach<'a>(&mut self, relative: &'a str) -> (&mut Self, &'a str) {
        let mut folder = self;
        let mut rest = relative;
        while let Some((name, after)) = rest.split_once('/') {
            let (path, level) = (format!("{}{name}/", folder.path), folder.level.saturating_add(1));
            folder = folder.folders.entry(name.to_owned()).or_insert_with(|| Folder {
                name: name.to_owned(),
                path,
                level,
                ..Folder::default()
            });
            rest = after;
        }
        (folder, rest)
    }
}
