//! Files to tables and partitions (How does a crawler determine when to create partitions? in the
//! AWS Glue Developer Guide).
//!
//! Folders are judged from the leaves up. A folder is *uniform* when all below it can be one table:
//! one format and compression, one arrangement of folders, and schemas alike. Its parent may then
//! take it for a partition. A folder that is not uniform gives a table for each thing in it.

mod similar;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use mastic_hive::{
    Configuration, crawler_table_name, parse_partition_segment, stored_name, suffixed_table_name,
};

use crate::classified::{Classified, Column, RecordCounts, UNKNOWN};
use crate::compression::Compression;
use crate::describe::{Counts, Forms, PartitionFound, TableFound, merge_columns};
use crate::tree::Folder;
use similar::{Judgement, judge};
pub use similar::{THRESHOLD, similarity};

/// A file under the include path, classified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// The object's key in its bucket.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// What was found of it but for its counts; files that are alike share it.
    pub classified: Arc<Classified>,
    /// Its records.
    pub counts: RecordCounts,
}

/// What was found of files lately, so that files that are alike share it.
#[derive(Debug, Default)]
pub struct Likenesses(VecDeque<Arc<Classified>>);

impl Likenesses {
    /// How many are remembered: trees with more kinds of files at a time share a little less.
    const REMEMBERED: usize = 64;

    /// A file with what was found of it.
    pub fn file(&mut self, key: String, size: u64, mut classified: Classified) -> FoundFile {
        let counts = std::mem::take(&mut classified.counts);
        let known = self.0.iter().position(|known| **known == classified);
        let kind = match known.and_then(|place| self.0.remove(place)) {
            Some(kind) => kind,
            None => Arc::new(classified),
        };
        self.0.truncate(Self::REMEMBERED - 1);
        self.0.push_front(Arc::clone(&kind));
        FoundFile { key, size, classified: kind, counts }
    }
}

/// One S3 target of a crawler.
#[derive(Debug, Clone, Copy)]
pub struct Grouping<'a> {
    /// The include path's bucket.
    pub bucket: &'a str,
    /// The include path inside the bucket, a folder or one file's key; may be empty.
    pub prefix: &'a str,
    /// `TablePrefix`.
    pub table_prefix: &'a str,
    /// The crawler's configuration.
    pub configuration: Configuration,
}

/// Whether a crawl passes over an object: a folder's own, or one whose name or folder, below the include
/// path, begins with `_` or `.`. `relative` is the key below that path.
#[must_use]
pub fn is_hidden(relative: &str) -> bool {
    let hidden = |part: &str| part.starts_with(['_', '.']) && !part.contains('=');
    relative.ends_with('/') || relative.split('/').any(hidden)
}

/// The tables that a target's files make, in order of their locations. Files that
/// [`is_hidden`] says are hidden are left out; an empty one makes no table, but keeps the folders beside it
/// from being one.
#[must_use]
pub fn group(target: &Grouping<'_>, files: &[FoundFile]) -> Vec<TableFound> {
    let mut root = Folder::root(target.bucket, target.prefix);
    let mut drafts = Vec::new();
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_key(|place| files.get(*place).map(|file| &file.key));
    for place in order {
        let Some(file) = files.get(place) else { continue };
        match file.key.strip_prefix(&root.path) {
            Some(relative) if is_hidden(relative) => {}
            Some(relative) if file.size == 0 => root.insert_empty(relative),
            Some(relative) => root.insert(relative, place),
            None if file.key == target.prefix && file.size > 0 => {
                drafts.push(Crawl { target, files }.file_table(place, "the include path is this file"));
            }
            _ => {}
        }
    }
    let crawl = Crawl { target, files };
    drafts.extend(match crawl.resolve(&root) {
        Verdict::Uniform(uniform) => vec![Draft::of(&root, uniform)],
        Verdict::Split(drafts) => drafts,
        Verdict::Empty => Vec::new(),
    });
    crawl.finish(drafts)
}

/// What must be equal for files to be read as one table: classification, compression, and the delimiter of CSV.
type Kind = (Cow<'static, str>, Compression, Option<char>);

/// What a folder's name tells of the partition key of its level.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Level {
    /// `key=value`.
    Named(String),
    /// Any other name: the value itself.
    Positional,
}

/// A folder whose contents can be one table.
struct Uniform {
    kind: Kind,
    levels: Vec<Level>,
    /// The innermost folders, each with its values for `levels`, innermost first.
    parts: Vec<Part>,
    columns: Vec<Column>,
    reason: String,
}

struct Part {
    path: String,
    values: Vec<String>,
    files: Vec<usize>,
}

enum Verdict {
    Uniform(Uniform),
    Split(Vec<Draft>),
    Empty,
}

/// A table without its final name.
struct Draft {
    name: String,
    /// The key of the folder, ending in a slash, or of the file.
    path: String,
    uniform: Uniform,
    reasons: Vec<String>,
}

impl Draft {
    fn of(folder: &Folder, uniform: Uniform) -> Self {
        let reasons = vec![uniform.reason.clone()];
        Self { name: folder.name.clone(), path: folder.path.clone(), uniform, reasons }
    }
}

struct Crawl<'a> {
    target: &'a Grouping<'a>,
    files: &'a [FoundFile],
}

impl Crawl<'_> {
    fn file(&self, place: usize) -> Option<&FoundFile> {
        self.files.get(place)
    }

    fn location(&self, path: &str) -> String {
        format!("s3://{}/{path}", self.target.bucket)
    }

    fn resolve(&self, folder: &Folder) -> Verdict {
        let mut children: Vec<(&Folder, Verdict)> =
            folder.folders.values().map(|child| (child, self.resolve(child))).collect();
        children.retain(|(_, verdict)| !matches!(verdict, Verdict::Empty));
        let above_tables = self.target.configuration.table_level.is_some_and(|level| folder.level < level);
        let location = self.location(&folder.path);
        let apart = if above_tables {
            Err(format!("`{location}` is above the level that TableLevelConfiguration asks for"))
        } else {
            match (folder.files.is_empty(), children.is_empty()) {
                (true, true) => return Verdict::Empty,
                (false, false) => Err(format!("`{location}` holds files beside folders")),
                (false, true) => self.join_files(folder),
                (true, false) if folder.empty.is_some() => Err(format!(
                    "`{location}` holds the empty file `{}` beside folders",
                    folder.empty.as_deref().unwrap_or_default()
                )),
                (true, false) => self.join_folders(folder, &mut children),
            }
        };
        match apart {
            Ok(uniform) => Verdict::Uniform(uniform),
            Err(reason) => {
                let mut drafts: Vec<Draft> =
                    folder.files.iter().map(|place| self.file_table(*place, &reason)).collect();
                for (child, verdict) in children {
                    match verdict {
                        Verdict::Uniform(uniform) => {
                            let mut draft = Draft::of(child, uniform);
                            draft.reasons.push(reason.clone());
                            drafts.push(draft);
                        }
                        Verdict::Split(inner) => drafts.extend(inner),
                        Verdict::Empty => {}
                    }
                }
                if drafts.is_empty() { Verdict::Empty } else { Verdict::Split(drafts) }
            }
        }
    }

    fn judge(&self, folder: &Folder, items: &[(&str, Kind, &[Column])]) -> Judgement {
        let configuration = self.target.configuration;
        let combine = configuration.combine_compatible_schemas
            || configuration.table_level.is_some_and(|level| folder.level >= level);
        judge(items, combine)
    }

    /// The files of one folder as one table, or why not.
    fn join_files(&self, folder: &Folder) -> Result<Uniform, String> {
        let files: Vec<&FoundFile> = folder.files.iter().filter_map(|place| self.file(*place)).collect();
        let items: Vec<(&str, Kind, &[Column])> = files
            .iter()
            .map(|file| (file_name(&file.key), kind(&file.classified), file.classified.columns.as_slice()))
            .collect();
        let location = self.location(&folder.path);
        match self.judge(folder, &items) {
            Judgement::Alike { kind, why } => Ok(Uniform {
                kind,
                levels: Vec::new(),
                columns: merge_columns(items.iter().map(|item| item.2)),
                parts: vec![Part {
                    path: folder.path.clone(),
                    values: Vec::new(),
                    files: folder.files.clone(),
                }],
                reason: format!("`{location}`: {}, {why}", plural(items.len(), "file")),
            }),
            Judgement::Unlike(why) => Err(format!("the files in `{location}` are no one table: {why}")),
        }
    }

    /// The folders of one folder as partitions of one table, or why not. Takes the parts of
    /// `children` when it succeeds.
    fn join_folders(
        &self,
        folder: &Folder,
        children: &mut Vec<(&Folder, Verdict)>,
    ) -> Result<Uniform, String> {
        let location = self.location(&folder.path);
        let unlike = |why: &str| format!("the folders in `{location}` are no one table: {why}");
        let mut uniforms: Vec<(&Folder, &Uniform)> = Vec::new();
        for (child, verdict) in children.iter() {
            match verdict {
                Verdict::Uniform(uniform) => uniforms.push((child, uniform)),
                _ => return Err(unlike(&format!("`{}` holds several tables", child.name))),
            }
        }
        let Some((first, model)) = uniforms.first() else { return Err(unlike("they are empty")) };
        let level = level_of(&first.name);
        let mut values = HashSet::new();
        for (child, uniform) in &uniforms {
            if level_of(&child.name) != level {
                let why = format!("`{}` and `{}` name different partition keys", first.name, child.name);
                return Err(unlike(&why));
            }
            if uniform.levels != model.levels {
                let why = format!("`{}` and `{}` have different folders in them", first.name, child.name);
                return Err(unlike(&why));
            }
            if !values.insert(value_of(&child.name)) {
                return Err(unlike(&format!("`{}` has a partition value that another has too", child.name)));
            }
        }
        let items: Vec<(&str, Kind, &[Column])> = uniforms
            .iter()
            .map(|(child, uniform)| (child.name.as_str(), uniform.kind.clone(), uniform.columns.as_slice()))
            .collect();
        let (kind, why) = match self.judge(folder, &items) {
            Judgement::Alike { kind, why } => (kind, why),
            Judgement::Unlike(why) => return Err(unlike(&why)),
        };
        let reason =
            format!("`{location}`: {} make partitions of one table, {why}", plural(items.len(), "folder"));
        let columns = merge_columns(items.iter().map(|item| item.2));
        let mut levels = model.levels.clone();
        levels.push(level);
        let mut parts = Vec::new();
        for (child, verdict) in children.drain(..) {
            if let Verdict::Uniform(uniform) = verdict {
                let value = value_of(&child.name);
                parts.extend(uniform.parts.into_iter().map(|mut part| {
                    part.values.push(value.clone());
                    part
                }));
            }
        }
        Ok(Uniform { kind, levels, parts, columns, reason })
    }

    /// One file as a table of its own.
    fn file_table(&self, place: usize, reason: &str) -> Draft {
        let (path, kind, columns) = match self.file(place) {
            Some(file) => (file.key.clone(), kind(&file.classified), file.classified.columns.clone()),
            None => (String::new(), (Cow::Borrowed(UNKNOWN), Compression::None, None), Vec::new()),
        };
        let part = Part { path: path.clone(), values: Vec::new(), files: vec![place] };
        let uniform = Uniform { kind, levels: Vec::new(), parts: vec![part], columns, reason: String::new() };
        Draft { name: file_name(&path).to_owned(), path, uniform, reasons: vec![reason.to_owned()] }
    }

    fn finish(&self, mut drafts: Vec<Draft>) -> Vec<TableFound> {
        drafts.sort_by(|a, b| a.path.cmp(&b.path));
        let mut forms = Forms::default();
        let mut names = HashSet::new();
        let mut tables = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let location = self.location(&draft.path);
            let mut name = crawler_table_name(self.target.table_prefix, &draft.name);
            if !names.insert(name.clone()) {
                name = suffixed_table_name(&name, &location);
                names.insert(name.clone());
            }
            tables.push(self.table(&mut forms, name, location, draft));
        }
        tables
    }

    fn table(&self, forms: &mut Forms, name: String, location: String, draft: Draft) -> TableFound {
        let uniform = draft.uniform;
        let of = |places: &[usize]| -> Vec<&FoundFile> {
            places.iter().filter_map(|place| self.file(*place)).collect()
        };
        let all: Vec<usize> = uniform.parts.iter().flat_map(|part| part.files.iter().copied()).collect();
        let all = of(&all);
        let partition_keys = key_names(&uniform.levels, &uniform.columns);
        let mut partitions = Vec::new();
        if !partition_keys.is_empty() {
            partitions.extend(uniform.parts.into_iter().map(|part| {
                let files = of(&part.files);
                PartitionFound {
                    values: part.values.into_iter().rev().collect(),
                    location: self.location(&part.path),
                    form: forms.of(&files),
                    counts: Counts::of(&files),
                }
            }));
        }
        TableFound {
            name,
            location,
            form: forms.of(&all),
            counts: Counts::of(&all),
            partition_keys,
            partitions,
            reasons: draft.reasons,
        }
    }
}

fn kind(classified: &Classified) -> Kind {
    (classified.classification.clone(), classified.compression, classified.csv().map(|csv| csv.delimiter))
}

fn file_name(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

fn level_of(folder: &str) -> Level {
    match parse_partition_segment(folder) {
        Some((key, _)) => Level::Named(stored_name(&key)),
        None => Level::Positional,
    }
}

fn value_of(folder: &str) -> String {
    parse_partition_segment(folder).map_or_else(|| folder.to_owned(), |(_, value)| value)
}

/// The keys' names, outermost first. A key whose name a column or an outer key has already is
/// named by its place, like one that has no name: Hive knows no table with one name twice.
fn key_names(levels: &[Level], columns: &[Column]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(levels.len());
    for (place, level) in levels.iter().rev().enumerate() {
        let name = match level {
            Level::Named(key) if !names.contains(key) && columns.iter().all(|c| c.name != *key) => {
                key.clone()
            }
            _ => format!("partition_{place}"),
        };
        names.push(name);
    }
    names
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
