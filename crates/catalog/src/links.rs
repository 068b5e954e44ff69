//! Resource links: databases and tables that stand for others, here or in another account ("Resource link handling
//! in AWS Glue APIs", AWS Lake Formation Developer Guide). What is done to a link's target needs the same permission
//! on the target as on the link.

use mastic_api_glue::glue::types::{Database, DatabaseIdentifier, Table, TableIdentifier};
use mastic_core::{Fault, Region};
use mastic_hive::stored_name;
use mastic_kernel::{Ctx, Need};
use mastic_store::ReadTx;

use crate::arguments::OnTable;
use crate::keys::{DATABASES, TABLES};
use crate::place::Place;
use crate::tables::Target;
use crate::{databases, errors};

/// Where a link leads.
fn place(of: &Place, catalog: Option<&str>, region: Option<&str>) -> Result<Place, Fault> {
    let region: Region = match region {
        Some(region) => region.parse().map_err(|_| errors::invalid("The link's region is none."))?,
        None => of.region.clone(),
    };
    match catalog {
        Some(id) => Place::named(id, region),
        None => Ok(Place { region, ..of.clone() }),
    }
}

fn database_of(of: &Place, link: &DatabaseIdentifier) -> Result<(Place, String), Fault> {
    let at = place(of, link.catalog_id.as_deref(), link.region.as_deref())?;
    Ok((at, stored_name(link.database_name.as_deref().unwrap_or_default())))
}

fn table_of(of: &Place, link: &TableIdentifier) -> Result<Target, Fault> {
    Ok(Target {
        place: place(of, link.catalog_id.as_deref(), link.region.as_deref())?,
        database: stored_name(link.database_name.as_deref().unwrap_or_default()),
        table: stored_name(link.name.as_deref().unwrap_or_default()),
    })
}

/// The target of a database that is a link.
fn linked(tx: &ReadTx<'_>, at: &Place, name: &str) -> Result<Option<(Place, String)>, Fault> {
    let found = DATABASES.get(tx, &databases::key(at, name))?;
    found.and_then(|record| record.input.target_database).map(|link| database_of(at, &link)).transpose()
}

fn database_needs(action: &str, at: &Place, name: &str) -> Vec<Need> {
    let mut needs = at.needs(action);
    needs.push(Need::new(action, at.arn(&format!("database/{name}"))));
    needs
}

/// The database that is meant by a name: that of a link is its target.
pub(crate) fn database(ctx: &Ctx, action: &str, at: Place, name: String) -> Result<(Place, String), Fault> {
    match ctx.read(|tx| linked(tx, &at, &name))? {
        None => Ok((at, name)),
        Some((at, name)) => {
            ctx.authorize(&database_needs(action, &at, &name))?;
            Ok((at, name))
        }
    }
}

impl Target {
    /// The table that an input means: where its database is a link, that of the name in the target.
    pub(crate) fn in_linked<I: OnTable>(ctx: &Ctx, input: &I) -> Result<Self, Fault> {
        Self::reached(ctx, input, false)
    }

    /// The table that an input means: where it, or its database, is a link, the one that this leads to.
    pub(crate) fn followed<I: OnTable>(ctx: &Ctx, input: &I) -> Result<Self, Fault> {
        Self::reached(ctx, input, true)
    }

    fn reached<I: OnTable>(ctx: &Ctx, input: &I, follow_table: bool) -> Result<Self, Fault> {
        let named = Self::of(ctx.call(), input)?;
        let target = ctx.read(|tx| {
            let by_database = linked(tx, &named.place, &named.database)?;
            let through = by_database.is_some();
            let (place, database) = by_database.unwrap_or((named.place.clone(), named.database.clone()));
            let within = Self { place, database, table: named.table.clone() };
            let own = follow_table.then(|| within.link(tx)).transpose()?.flatten();
            match own {
                Some(_) if through => Err(errors::invalid(
                    "A table resource link cannot be used through a database resource link.",
                )),
                Some(target) => Ok(Some(target)),
                None => Ok(through.then_some(within)),
            }
        })?;
        let Some(target) = target else { return Ok(named) };
        ctx.authorize(&target.needs(I::ACTION))?;
        Ok(target)
    }

    fn needs(&self, action: &str) -> Vec<Need> {
        let mut needs = database_needs(action, &self.place, &self.database);
        let arn = self.place.arn(&format!("table/{}/{}", self.database, self.table));
        needs.push(Need::new(action, arn));
        needs
    }

    /// Where the table leads, if it is a link.
    fn link(&self, tx: &ReadTx<'_>) -> Result<Option<Self>, Fault> {
        let Some(database) = DATABASES.get(tx, &databases::key(&self.place, &self.database))? else {
            return Ok(None);
        };
        let record = TABLES.get(tx, &(&self.place.account, database.id.as_str(), self.table.as_str()))?;
        record
            .and_then(|record| record.input.target_table)
            .map(|link| table_of(&self.place, &link))
            .transpose()
    }
}

fn may(ctx: &Ctx, needs: &[Need]) -> Result<bool, Fault> {
    for need in needs {
        if !ctx.allowed(need)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A table as it is answered: a link has its target's properties, if the caller may see these.
pub(crate) fn shown_table(ctx: &Ctx, at: &Place, link: Table) -> Result<Table, Fault> {
    let Some(identifier) = &link.target_table else { return Ok(link) };
    let target = table_of(at, identifier)?;
    if !may(ctx, &target.needs("glue:GetTable"))? {
        return Ok(link);
    }
    let record = match ctx.read(|tx| target.find(tx)) {
        Ok(record) => record,
        Err(fault) if fault.code() == "EntityNotFoundException" => return Ok(link),
        Err(fault) => return Err(fault),
    };
    Ok(Table {
        name: link.name,
        database_name: link.database_name,
        catalog_id: link.catalog_id,
        target_table: link.target_table,
        ..record.answer(&target.place, &target.database)
    })
}

/// A database as it is answered, as [`shown_table`].
pub(crate) fn shown_database(ctx: &Ctx, at: &Place, link: Database) -> Result<Database, Fault> {
    let Some(identifier) = &link.target_database else { return Ok(link) };
    let (place, name) = database_of(at, identifier)?;
    if !may(ctx, &database_needs("glue:GetDatabase", &place, &name))? {
        return Ok(link);
    }
    let found = ctx.read(|tx| Ok::<_, Fault>(DATABASES.get(tx, &databases::key(&place, &name))?))?;
    let Some(record) = found else { return Ok(link) };
    Ok(Database {
        name: link.name,
        catalog_id: link.catalog_id,
        target_database: link.target_database,
        ..record.answer(&place)
    })
}
