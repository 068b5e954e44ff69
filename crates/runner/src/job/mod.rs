use crate::{failure::Failure, session::Session};
use mastic_handoff::{JobWork, Tally};
pub(crate) async fn run(_s: &Session, _w: JobWork) -> Result<Tally, Failure> {
    Err(Failure::new("x"))
}
