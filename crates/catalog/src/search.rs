//! `SearchTables`: the tables of all databases that the caller may see.

use std::cmp::Ordering;

use mastic_api_glue::glue::types::{
    Comparator, PropertyPredicate, SearchTablesRequest, SearchTablesResponse, Sort, SortCriterion, Table,
};
use mastic_core::{Fault, Timestamp};
use mastic_kernel::{Ctx, Need};
use mastic_store::ReadTx;
use serde::{Deserialize, Serialize};

use crate::access::{SEARCH, table_arn};
use crate::databases::foreign_only;
use crate::keys::{DATABASES, TABLES};
use crate::place::Place;
use crate::records::TableRecord;
use crate::tokens::{has_token, tokens};
use crate::{errors, paging};

/// Where a table stands in the order asked for; ties are broken by database and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Position {
    by: Sorted,
    database: String,
    table: String,
}

/// What a table is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Sorted {
    Nothing,
    Time(Timestamp),
    Text(String),
}

/// A table that matches.
struct Hit {
    position: Position,
    database_id: String,
}

/// What is searched for.
struct Search {
    text: Option<Text>,
    filters: Vec<PropertyPredicate>,
    sort: Option<SortCriterion>,
}

enum Text {
    /// In quotes: some value is exactly this.
    Whole(String),
    /// Each of these is a token of some value.
    Tokens(Vec<String>),
}

pub(crate) async fn search(ctx: Ctx, input: SearchTablesRequest) -> Result<SearchTablesResponse, Fault> {
    let place = Place::of(ctx.call(), input.catalog_id.as_deref())?;
    if foreign_only(input.resource_share_type) {
        return Ok(SearchTablesResponse::default());
    }
    let size = paging::size(input.max_results, paging::ROWS_A_PAGE);
    let after = paging::position::<Position>(input.next_token.as_deref())?;
    let search = Search {
        text: input.search_text.as_deref().map(Text::of),
        filters: input.filters.unwrap_or_default(),
        sort: input.sort_criteria.unwrap_or_default().into_iter().next(),
    };
    paging::aside(&ctx, |tx| {
        let mut hits = search.hits(tx, &place)?;
        hits.sort_by(|a, b| search.order(&a.position, &b.position));
        let rows = hits
            .into_iter()
            .filter(|hit| {
                after.as_ref().is_none_or(|after| search.order(&hit.position, after) == Ordering::Greater)
            })
            .filter_map(|hit| visible(&ctx, tx, &place, hit).transpose());
        let (page, next_token) = paging::take(rows, size, |(position, _)| position.clone())?;
        let tables = page.into_iter().map(|(_, table)| table).collect();
        Ok(SearchTablesResponse { next_token, table_list: Some(tables) })
    })
}

/// The table of a hit, if the caller may see it.
fn visible(ctx: &Ctx, tx: &ReadTx<'_>, place: &Place, hit: Hit) -> Result<Option<(Position, Table)>, Fault> {
    let Position { database, table, .. } = &hit.position;
    for arn in [place.arn(&format!("database/{database}")), table_arn(place, database, table)] {
        if !ctx.allowed(&Need::new(SEARCH, arn))? {
            return Ok(None);
        }
    }
    let record = TABLES.get(tx, &(&place.account, hit.database_id.as_str(), table.as_str()))?;
    let found = record.map(|record| record.answer(place, database));
    Ok(found.map(|table| (hit.position, table)))
}

impl Text {
    fn of(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(whole) => Self::Whole(whole.to_owned()),
            None => Self::Tokens(tokens(&text).map(str::to_owned).collect()),
        }
    }

    fn found_in(&self, values: &[&str]) -> bool {
        match self {
            Self::Whole(whole) => values.iter().any(|value| value.to_lowercase() == *whole),
            Self::Tokens(wanted) => {
                wanted.iter().all(|token| values.iter().any(|value| has_token(value, token)))
            }
        }
    }
}

impl Search {
    fn hits(&self, tx: &ReadTx<'_>, place: &Place) -> Result<Vec<Hit>, Fault> {
        let mut hits = Vec::new();
        for row in DATABASES.scan_prefix(tx, (&place.account, &place.region, place.catalog.as_str())) {
            let ((_, _, _, database), record) = row?;
            for row in TABLES.scan_prefix(tx, (&place.account, record.id.as_str())) {
                let ((_, _, table), found) = row?;
                if self.matches(&database, &found)? {
                    let by = self.sorted_by(&database, &found)?;
                    let position = Position { by, database: database.clone(), table };
                    hits.push(Hit { position, database_id: record.id.clone() });
                }
            }
        }
        Ok(hits)
    }

    fn matches(&self, database: &str, table: &TableRecord) -> Result<bool, Fault> {
        if self.text.as_ref().is_some_and(|text| !text.found_in(&searched(database, table))) {
            return Ok(false);
        }
        for filter in &self.filters {
            if !passes(filter, database, table)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn sorted_by(&self, database: &str, table: &TableRecord) -> Result<Sorted, Fault> {
        let Some(name) = self.sort.as_ref().and_then(|sort| sort.field_name.as_deref()) else {
            return Ok(Sorted::Nothing);
        };
        match field(name, database, table) {
            Some(Field::Text(text)) => Ok(text.map_or(Sorted::Nothing, |text| Sorted::Text(text.to_owned()))),
            Some(Field::Time(time)) => Ok(time.map_or(Sorted::Nothing, Sorted::Time)),
            None => Err(errors::invalid(format!("Tables cannot be sorted by {name}."))),
        }
    }

    fn order(&self, a: &Position, b: &Position) -> Ordering {
        match self.sort.as_ref().and_then(|sort| sort.sort) {
            Some(Sort::Desc) => b.cmp(a),
            _ => a.cmp(b),
        }
    }
}

/// A property of a table that can be filtered and sorted by.
enum Field<'a> {
    Text(Option<&'a str>),
    Time(Option<Timestamp>),
}

fn field<'a>(name: &str, database: &'a str, table: &'a TableRecord) -> Option<Field<'a>> {
    let input = &table.input;
    let location = || input.storage_descriptor.as_ref().and_then(|descriptor| descriptor.location.as_deref());
    Some(match name.to_lowercase().as_str() {
        "name" => Field::Text(Some(&input.name)),
        "databasename" | "database" => Field::Text(Some(database)),
        "description" => Field::Text(input.description.as_deref()),
        "owner" => Field::Text(input.owner.as_deref()),
        "tabletype" => Field::Text(input.table_type.as_deref()),
        "createdby" => Field::Text(Some(&table.created_by)),
        "location" => Field::Text(location()),
        "createtime" => Field::Time(Some(table.created)),
        "updatetime" => Field::Time(Some(table.updated)),
        "lastaccesstime" => Field::Time(input.last_access_time),
        "lastanalyzedtime" => Field::Time(input.last_analyzed_time),
        _ => return None,
    })
}

/// Whether a table passes a filter; a key that is no property of tables is one of their parameters.
fn passes(filter: &PropertyPredicate, database: &str, table: &TableRecord) -> Result<bool, Fault> {
    let (Some(key), Some(value)) = (&filter.key, &filter.value) else {
        return Err(errors::invalid("A filter needs a Key and a Value."));
    };
    match field(key, database, table) {
        Some(Field::Text(text)) => Ok(text.is_some_and(|text| has_token(text, value))),
        Some(Field::Time(time)) => {
            let wanted = moment(value)?;
            Ok(time.is_some_and(|time| compares(filter.comparator, time.cmp(&wanted))))
        }
        None => {
            let parameter = table.input.parameters.as_ref().and_then(|parameters| parameters.get(key));
            Ok(parameter.is_some_and(|text| has_token(text, value)))
        }
    }
}

fn compares(comparator: Option<Comparator>, order: Ordering) -> bool {
    match comparator.unwrap_or(Comparator::Equals) {
        Comparator::Equals => order.is_eq(),
        Comparator::GreaterThan => order.is_gt(),
        Comparator::LessThan => order.is_lt(),
        Comparator::GreaterThanEquals => order.is_ge(),
        Comparator::LessThanEquals => order.is_le(),
    }
}

/// A moment as filters give it: epoch seconds, or ISO 8601.
fn moment(text: &str) -> Result<Timestamp, Fault> {
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite()).map(Timestamp::from_secs_f64);
    seconds
        .or_else(|| Timestamp::parse(text))
        .ok_or_else(|| errors::invalid(format!("{text} is not a timestamp.")))
}

/// Every text of a table that a search looks at.
fn searched<'a>(database: &'a str, table: &'a TableRecord) -> Vec<&'a str> {
    let input = &table.input;
    let descriptor = input.storage_descriptor.as_ref();
    let columns = descriptor.and_then(|descriptor| descriptor.columns.as_ref());
    let mut texts = vec![database, input.name.as_str()];
    texts.extend(
        [&input.description, &input.owner, &input.table_type].into_iter().flatten().map(String::as_str),
    );
    texts.extend(descriptor.and_then(|descriptor| descriptor.location.as_deref()));
    for column in columns.into_iter().flatten().chain(table.keys()) {
        texts.push(&column.name);
        texts.extend(column.comment.as_deref());
    }
    for (key, value) in input.parameters.iter().flatten() {
        texts.extend([key.as_str(), value.as_str()]);
    }
    texts
}
