//! The needs of a run, gathered while its definition is read.

use mastic_core::{Arn, Fault};
use mastic_hive::stored_name;
use mastic_kernel::ports::{Planned, TableFacts};
use mastic_kernel::{Ctx, Need};

use crate::access::account_of;

/// What has been gathered.
pub(crate) struct Draft<'a> {
    ctx: &'a Ctx,
    account: String,
    needs: Vec<Planned>,
}

/// Whether an action is asked on a table's ancestors alone, or on tables too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OfCatalog<'a> {
    /// The database and the catalog.
    Database(&'a str),
    /// The table of this name, its database and the catalog.
    Table(&'a str, &'a str),
    /// Every table of the database whose name begins so.
    Tables(&'a str, &'a str),
}

impl<'a> Draft<'a> {
    pub(crate) fn new(ctx: &'a Ctx) -> Result<Self, Fault> {
        Ok(Self { ctx, account: account_of(ctx.call())?.to_owned(), needs: Vec::new() })
    }

    pub(crate) fn needs(self) -> Vec<Planned> {
        self.needs
    }

    /// Adds a need; one that is there already gets a further purpose.
    fn add(&mut self, need: Need, purpose: &str) {
        match self.needs.iter_mut().find(|known| known.need == need) {
            Some(known) if known.purpose.split(", ").any(|known| known == purpose) => {}
            Some(known) => known.purpose.push_str(&format!(", {purpose}")),
            None => self.needs.push(Planned { need, purpose: purpose.to_owned() }),
        }
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        Arn::new(service, self.ctx.region().as_str(), &self.account, resource).to_string()
    }

    /// Reading what lies at a path: a folder, a file, or a pattern of files.
    pub(crate) fn read(&mut self, path: &str, purpose: &str) -> Result<(), Fault> {
        let Some((bucket, key)) = location(path) else { return Ok(()) };
        let key = match key.split_once(['*', '?', '[', '{']) {
            // Everything in the folder above the pattern is listed.
            Some((before, _)) => before.rsplit_once('/').map_or("", |(folder, _)| folder),
            None => key,
        };
        let (folder, file) = self.kinds(bucket, key)?;
        self.list(bucket, key, purpose);
        if folder {
            self.objects("s3:GetObject", bucket, key, purpose);
        }
        if file {
            self.add(Need::new("s3:GetObject", format!("arn:aws:s3:::{bucket}/{key}")), purpose);
        }
        Ok(())
    }

    /// Reading a folder.
    pub(crate) fn read_folder(&mut self, path: &str, purpose: &str) {
        let Some((bucket, key)) = location(path) else { return };
        self.list(bucket, key, purpose);
        self.objects("s3:GetObject", bucket, key, purpose);
    }

    /// Reading files of a folder whose names are known.
    pub(crate) fn fetch(&mut self, path: &str, purpose: &str) {
        if let Some((bucket, key)) = location(path) {
            self.objects("s3:GetObject", bucket, key, purpose);
        }
    }

    /// Writing into a folder.
    pub(crate) fn write(&mut self, path: &str, purpose: &str) {
        if let Some((bucket, key)) = location(path) {
            self.objects("s3:PutObject", bucket, key, purpose);
        }
    }

    /// A folder that the run may do everything in.
    pub(crate) fn own(&mut self, path: &str, purpose: &str) {
        self.read_folder(path, purpose);
        self.write(path, purpose);
        if let Some((bucket, key)) = location(path) {
            self.objects("s3:DeleteObject", bucket, key, purpose);
        }
    }

    /// Reading one object.
    pub(crate) fn file(&mut self, path: &str, purpose: &str) {
        if let Some((bucket, key)) = location(path) {
            self.add(Need::new("s3:GetObject", format!("arn:aws:s3:::{bucket}/{key}")), purpose);
        }
    }

    /// Whether a path without a slash at its end is a folder, a file, or may be either.
    fn kinds(&self, bucket: &str, key: &str) -> Result<(bool, bool), Fault> {
        if key.is_empty() || key.ends_with('/') {
            return Ok((true, false));
        }
        let listing = Need::new("s3:ListBucket", format!("arn:aws:s3:::{bucket}")).with("s3:prefix", [key]);
        if !self.ctx.allowed(&listing)? {
            return Ok((true, true));
        }
        let files = self.ctx.kernel().files()?;
        if files.any(self.ctx, bucket, &format!("{key}/"))? {
            return Ok((true, false));
        }
        // Nothing is there yet that tells.
        Ok((!files.any(self.ctx, bucket, key)?, true))
    }

    fn list(&mut self, bucket: &str, key: &str, purpose: &str) {
        let need = Need::new("s3:ListBucket", format!("arn:aws:s3:::{bucket}"));
        let need = match key.trim_end_matches('/') {
            "" => need,
            key => need.with("s3:prefix", [format!("{key}/")]),
        };
        self.add(need, purpose);
    }

    fn objects(&mut self, action: &str, bucket: &str, key: &str, purpose: &str) {
        let folder = match key.trim_end_matches('/') {
            "" => String::new(),
            key => format!("{key}/"),
        };
        self.add(Need::new(action, format!("arn:aws:s3:::{bucket}/{folder}*")).of_pattern(), purpose);
    }

    /// An action of the catalog with all the resources that it is checked against.
    pub(crate) fn catalog(&mut self, action: &str, of: OfCatalog<'_>, purpose: &str) {
        let action = format!("glue:{action}");
        let (database, table) = match of {
            OfCatalog::Database(database) => (database, None),
            OfCatalog::Table(database, table) => (database, Some(stored_name(table))),
            OfCatalog::Tables(database, prefix) => (database, Some(format!("{}*", stored_name(prefix)))),
        };
        let database = stored_name(database);
        let mut resources = vec!["catalog".to_owned(), format!("database/{database}")];
        resources.extend(table.map(|table| format!("table/{database}/{table}")));
        for resource in resources {
            let need = Need::new(action.as_str(), self.arn("glue", &resource));
            let need = if matches!(of, OfCatalog::Tables(..)) { need.of_pattern() } else { need };
            self.add(need, purpose);
        }
    }

    /// Opening a connection.
    pub(crate) fn connection(&mut self, name: &str, purpose: &str) {
        for resource in ["catalog".to_owned(), format!("connection/{name}")] {
            self.add(Need::new("glue:GetConnection", self.arn("glue", &resource)), purpose);
        }
    }

    /// What the catalog knows of a table, for a caller that may know it.
    pub(crate) fn facts(&self, database: &str, table: &str) -> Result<Option<TableFacts>, Fault> {
        let mut look = Draft::new(self.ctx)?;
        look.catalog("GetTable", OfCatalog::Table(database, table), "");
        self.ctx.authorize(&look.needs.into_iter().map(|planned| planned.need).collect::<Vec<_>>())?;
        self.ctx.kernel().tables()?.table(self.ctx, database, table)
    }

    /// Whether there is a database of the name.
    pub(crate) fn database(&self, name: &str) -> Result<bool, Fault> {
        self.ctx.kernel().tables()?.database(self.ctx, name)
    }

    /// Writing lines to a log group; `*` stands for the stream of a run that has no id yet.
    pub(crate) fn logs(&mut self, group: &str, stream: &str) {
        let group_arn = self.arn("logs", &format!("log-group:{group}:log-stream:"));
        self.add(Need::new("logs:CreateLogGroup", group_arn.as_str()), "logs");
        for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
            let need = Need::new(action, format!("{group_arn}{stream}"));
            self.add(if stream == "*" { need.of_pattern() } else { need }, "logs");
        }
    }
}

/// Bucket and key of `s3://bucket/key`, also under the schemes that Hadoop uses.
pub(crate) fn location(path: &str) -> Option<(&str, &str)> {
    let rest = ["s3://", "s3a://", "s3n://"].iter().find_map(|scheme| path.strip_prefix(scheme))?;
    Some(rest.split_once('/').unwrap_or((rest, ""))).filter(|(bucket, _)| !bucket.is_empty())
}
