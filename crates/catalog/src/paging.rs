//! Page tokens and page sizes.

use mastic_core::Fault;
use mastic_kernel::{Ctx, page};
use mastic_store::ReadTx;
use serde::de::DeserializeOwned;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::errors;

pub(crate) use mastic_kernel::page::{take, token};

/// How many databases, tables or versions a page has unless asked otherwise; the most AWS gives.
pub(crate) const NAMES_A_PAGE: usize = 100;

/// How many partitions or found tables a page has unless asked otherwise; the most AWS gives.
pub(crate) const ROWS_A_PAGE: usize = 1000;

/// The size of a page: as asked, or the default.
pub(crate) fn size(max_results: Option<i32>, default: usize) -> usize {
    max_results.and_then(|wanted| usize::try_from(wanted).ok()).unwrap_or(default)
}

/// Where the last page ended; an empty token is none, as Hive's client sends it.
pub(crate) fn position<T: DeserializeOwned>(token: Option<&str>) -> Result<Option<T>, Fault> {
    page::position(token, errors::bad_token)
}

/// Reads what may take longer than a moment. The thread stays with the call, which then frees the answer where it was
/// made, and hands the others' over to another thread; a runtime of one thread, as in tests, has no other.
pub(crate) fn aside<R>(ctx: &Ctx, work: impl FnOnce(&ReadTx<'_>) -> Result<R, Fault>) -> Result<R, Fault> {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(|| ctx.read(work)),
        _ => ctx.read(work),
    }
}
