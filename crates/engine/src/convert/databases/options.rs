//! Options of connections as scripts write them, in one map.

use std::collections::BTreeMap;

use mastic_jdbc::Engine;

use super::{filled, jdbc, range};
use crate::error::NodeError;
use crate::plan::{Action, DatabasePlace, DatabaseSource, DatabaseTable, DatabaseTarget, Relation};
use crate::source::database::parts_of;

/// Options that tell a Java driver, or a road through S3, how to work, and change nothing about what is read or written.
/// `useConnectionProperties` says that the connection's properties count, as they always do.
const TUNING: [&str; 9] = [
    "aws_iam_role",
    "batchsize",
    "bulksize",
    "connectorname",
    "fetchsize",
    "isolationlevel",
    "redshifttmpdir",
    "transformationctx",
    "useconnectionproperties",
];

/// The options of a node, by their names in lower case.
pub(super) struct Options<'a> {
    node: &'a str,
    engine: Option<Engine>,
    given: BTreeMap<String, (&'a str, &'a str)>,
}

impl<'a> Options<'a> {
    pub(super) fn new(
        node: &'a str,
        given: &'a BTreeMap<String, String>,
        connection_type: &str,
    ) -> Result<Self, NodeError> {
        let given =
            given.iter().map(|(name, text)| (name.to_ascii_lowercase(), (name.as_str(), text.as_str())));
        Ok(Self { node, engine: jdbc(node, connection_type)?, given: given.collect() })
    }

    /// An option, which is not there any more.
    fn take(&mut self, name: &str) -> Option<String> {
        let (_, text) = self.given.remove(name)?;
        filled(Some(&text.to_owned()))
    }

    fn whole(&mut self, name: &str) -> Result<Option<i64>, NodeError> {
        let Some(text) = self.take(name) else { return Ok(None) };
        let number = text.trim().parse().ok();
        number
            .map(Some)
            .ok_or_else(|| self.wrong(&format!("the option `{name}` is a whole number, not `{text}`")))
    }

    fn wrong(&self, message: &str) -> NodeError {
        NodeError::new(self.node, message)
    }

    /// Refuses options that are left and not about tuning, and those that tune by what is no number.
    pub(super) fn tuning_only(mut self) -> Result<(), NodeError> {
        for name in ["batchsize", "bulksize"] {
            if let Some(number) = self.whole(name)?.filter(|number| *number < 1) {
                let text = format!("the option `{name}` is a whole number above zero, not `{number}`");
                return Err(self.wrong(&text));
            }
        }
        // MySQL's driver has a meaning for a negative one.
        self.whole("fetchsize")?;
        match self.given.iter().find(|(name, _)| !TUNING.contains(&name.as_str())) {
            Some((_, (name, _))) => Err(self.wrong(&format!("the option `{name}` is not supported"))),
            None => Ok(()),
        }
    }

    fn place(&mut self) -> Result<DatabasePlace, NodeError> {
        if ["url", "user", "password"].iter().any(|name| self.given.contains_key(*name)) {
            let text =
                "`url`, `user` and `password` are not supported: name a connection in `connectionName`";
            return Err(self.wrong(text));
        }
        let connection =
            self.take("connectionname").ok_or_else(|| self.wrong("`connectionName` is missing"))?;
        Ok(DatabasePlace { connection, database: self.take("database"), engine: self.engine })
    }

    pub(super) fn source(mut self) -> Result<DatabaseSource, NodeError> {
        let place = self.place()?;
        // A sample of a table comes with its name.
        let relation = match (self.take("dbtable"), self.take("query"), self.take("samplequery")) {
            (None, Some(query), None) | (_, None, Some(query)) => Relation::Query(query),
            (Some(table), None, None) => Relation::Table(table),
            _ => return Err(self.wrong("one of `dbtable` and `query` is wanted")),
        };
        let bounds = (self.whole("lowerbound")?, self.whole("upperbound")?, self.whole("numpartitions")?);
        let ranges = range(self.node, self.take("partitioncolumn"), bounds)?;
        let hashed = parts_of(|name| self.take(name)).map_err(|error| self.wrong(&error))?;
        if ranges.is_some() && hashed.is_some() {
            let text = "`partitionColumn` and `hashfield` or `hashexpression` exclude each other";
            return Err(self.wrong(text));
        }
        let parts = ranges.or(hashed);
        let filter = self.take("filterpredicate");
        let (columns, order) = (self.take("jobbookmarkkeys"), self.take("jobbookmarkkeyssortorder"));
        let keys = super::keys(self.node, columns.map(|text| names(&text)), order.as_deref())?;
        self.tuning_only()?;
        Ok(DatabaseSource { place, relation, filter, parts, types: vec![], keys })
    }

    pub(super) fn target(mut self) -> Result<DatabaseTarget, NodeError> {
        let place = self.place()?;
        let table = self.take("dbtable").ok_or_else(|| self.wrong("`dbtable` is missing"))?;
        let node = self.node;
        let (before, after) = match self.engine {
            Some(Engine::Redshift) => (self.take("preactions"), self.take("postactions")),
            _ => (None, None),
        };
        let before = super::statements(node, "preactions", before.as_ref())?;
        let after = super::statements(node, "postactions", after.as_ref())?;
        self.tuning_only()?;
        let table = DatabaseTable::Place(place, Relation::Table(table));
        Ok(DatabaseTarget { table, action: Action::Append, before, after })
    }
}

/// Names as a list of JSON, or with commas between them.
fn names(text: &str) -> Vec<String> {
    let listed = serde_json::from_str(text);
    listed.unwrap_or_else(|_| text.split(',').map(|name| name.trim().to_owned()).collect())
}
