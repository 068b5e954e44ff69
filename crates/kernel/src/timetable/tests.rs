use std::collections::BTreeMap;

use mastic_core::{Clock, Entropy, ManualClock, SeededEntropy};
use mastic_store::{ReadTx, Store};

use super::*;
use crate::{Kernel, Seams};

/// Name, when it was due, when it was started.
const STARTED: Keyspace<(String, i64, i64), Started> = Keyspace::new("test.started");

#[derive(Debug, Serialize, Deserialize)]
struct Started {
    after: bool,
}

impl Record for Started {
    const VERSION: u16 = 1;
}

/// Notes starts in the store, as a service does.
struct Notes(Arc<ManualClock>);

impl Starter for Notes {
    fn start(&self, tx: &mut WriteTx<'_>, what: &Scheduled, due: Timestamp) -> Result<Option<After>, Fault> {
        let key = (what.name.clone(), due.micros(), self.0.now().micros());
        assert!(STARTED.insert_new(tx, &key, &Started { after: true })?, "{key:?} was started twice");
        Ok(None)
    }
}

struct World {
    store: Store,
    clock: Arc<ManualClock>,
}

impl World {
    fn new(start: &str) -> Self {
        let start = Timestamp::parse(start).unwrap();
        Self { store: Store::memory().unwrap(), clock: Arc::new(ManualClock::at(start)) }
    }

    /// A server that starts over what the last one left.
    fn server(&self) -> Arc<Timetable> {
        let seams = Seams { clock: self.clock.clone(), entropy: Arc::new(SeededEntropy::new(1)) };
        let timetable = Timetable::new(Kernel::new(self.store.clone(), seams).background("timetable"));
        timetable.connect("thing", Arc::new(Notes(self.clock.clone())));
        timetable
    }

    async fn set(&self, name: &str, cron: Option<&Cron>) {
        let (what, cron, now) = (thing(name), cron.cloned(), self.clock.now());
        let written = self.store.write(move |tx| match cron {
            Some(cron) => set(tx, &what, &cron, now),
            None => clear(tx, &what),
        });
        written.await.unwrap();
    }

    fn started(&self) -> Vec<(String, i64, i64)> {
        let all = |tx: &ReadTx<'_>| -> Result<_, StoreError> {
            STARTED.scan(tx, STARTED.all()).map(|row| Ok(row?.0)).collect()
        };
        self.store.read(all).unwrap()
    }

    fn entries(&self) -> (u64, u64) {
        let count = |tx: &ReadTx<'_>| -> Result<_, StoreError> {
            Ok((DUE.count(tx, DUE.all())?, PLACES.count(tx, PLACES.all())?))
        };
        self.store.read(count).unwrap()
    }
}

fn thing(name: &str) -> Scheduled {
    Scheduled::new("thing", "111122223333", "us-east-1", name)
}

fn cron(fields: &str) -> Cron {
    format!("cron({fields})").parse().unwrap()
}

fn number(entropy: &dyn Entropy, below: u64) -> u64 {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    u64::from_le_bytes(bytes) % below
}

/// What must have been started: at its minute whatever was due while a server was up; of what was due while
/// none was, the first time, when the next server came.
fn expected(
    cron: &Cron,
    from: Timestamp,
    until: Timestamp,
    ups: &[(Timestamp, Timestamp)],
) -> Vec<(i64, i64)> {
    let mut found = Vec::new();
    let mut due = cron.next_after(from);
    while let Some(now) = due.filter(|due| *due < until) {
        let Some((begin, _)) = ups.iter().find(|(begin, end)| now < *end || now < *begin) else { break };
        let started = now.max(*begin);
        // Whoever defined or last saw it before the server came back waits for that.
        if started >= until {
            break;
        }
        found.push((now.micros(), started.micros()));
        due = cron.next_after(started);
    }
    found
}

#[tokio::test]
async fn a_year_with_restarts_starts_everything_once() {
    let world = World::new("2026-01-01T00:00:00Z");
    let begin = world.clock.now();
    let entropy = SeededEntropy::new(7);
    let crons: BTreeMap<&str, Cron> = [
        ("often", "0/5 * 1,L * ? *"),
        ("office", "0/20 8-17 ? * MON-FRI *"),
        ("hourly", "25 * * * ? *"),
        ("nightly", "30 2 * * ? *"),
        ("weekly", "0 12 ? * SUN *"),
        ("last", "0 0 L * ? *"),
        ("third", "45 6 ? * 6#3 *"),
        ("working", "15 9 1W * ? *"),
        ("leap", "0 0 29 2 ? *"),
        ("once", "0 0 4 7 ? 2026"),
    ]
    .map(|(name, fields)| (name, cron(fields)))
    .into();
    for (name, cron) in &crons {
        world.set(name, Some(cron)).await;
    }

    let mut ups: Vec<(Timestamp, Timestamp)> = Vec::new();
    let year = begin.plus(Duration::from_secs(365 * 24 * 60 * 60));
    while world.clock.now() < year {
        // Up for as much as nine days, asked every five minutes, as nothing here is due at other ones.
        let server = world.server();
        let came = world.clock.now();
        server.tick().await.unwrap();
        let passed = came.since(Timestamp::from_secs(came.secs() / 300 * 300));
        world.clock.advance(5 * MINUTE - passed);
        for _ in 0..number(&entropy, 9 * 24 * 12) {
            server.tick().await.unwrap();
            world.clock.advance(5 * MINUTE);
        }
        ups.push((came, world.clock.now()));
        // Down for as much as six hours and odd seconds.
        world.clock.advance(Duration::from_millis(number(&entropy, 6 * 60 * 60 * 1000)));
    }
    let end = ups.last().unwrap().1;

    let mut wanted = Vec::new();
    for (name, cron) in &crons {
        let of_one = expected(cron, begin, end, &ups).into_iter();
        wanted.extend(of_one.map(|(due, started)| ((*name).to_owned(), due, started)));
    }
    wanted.sort();
    assert!(ups.len() > 30 && wanted.len() > 15_000, "{} {}", ups.len(), wanted.len());
    assert!(
        wanted.iter().any(|(_, due, started)| started > due),
        "nothing was missed while the server was down"
    );
    assert_eq!(world.started(), wanted);
}

#[tokio::test]
async fn a_changed_schedule_counts_from_its_change() {
    let world = World::new("2026-01-01T00:30:00Z");
    let server = world.server();
    world.set("a", Some(&cron("0 * * * ? *"))).await;
    world.set("b", Some(&cron("0 * * * ? *"))).await;
    world.clock.advance(Duration::from_secs(31 * 60));
    world.set("a", Some(&cron("0 12 * * ? *"))).await;
    world.set("b", None).await;
    assert_eq!(server.tick().await.unwrap(), 0);
    assert_eq!(world.entries(), (1, 1));
    world.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(server.tick().await.unwrap(), 1);
    let due = Timestamp::parse("2026-01-01T12:00:00Z").unwrap().micros();
    assert_eq!(world.started(), [("a".to_owned(), due, world.clock.now().micros())]);
}

#[tokio::test]
async fn what_has_just_come_due_survives_its_schedule_being_set_again() {
    let world = World::new("2026-01-01T00:30:00Z");
    let server = world.server();
    world.set("a", Some(&cron("0 * * * ? *"))).await;
    world.clock.advance(Duration::from_secs(30 * 60));
    world.set("a", Some(&cron("0 * * * ? *"))).await;
    assert_eq!(server.tick().await.unwrap(), 1);
    assert_eq!((server.tick().await.unwrap(), world.entries()), (0, (1, 1)));
}

/// Fails as long as it is told to.
struct Unwell(parking_lot::Mutex<bool>);

impl Starter for Unwell {
    fn start(&self, _: &mut WriteTx<'_>, _: &Scheduled, _: Timestamp) -> Result<Option<After>, Fault> {
        if *self.0.lock() { Err(Fault::internal("full disk")) } else { Ok(Some(Box::new(|| ()))) }
    }
}

#[tokio::test]
async fn what_could_not_be_started_stays_due() {
    let world = World::new("2026-01-01T00:00:00Z");
    let server = world.server();
    let unwell = Arc::new(Unwell(parking_lot::Mutex::new(true)));
    server.connect("thing", unwell.clone());
    world.set("a", Some(&cron("0 0 2 1 ? 2026"))).await;
    world.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(server.tick().await.unwrap(), 1);
    assert_eq!(world.entries(), (1, 1));
    *unwell.0.lock() = false;
    assert_eq!(server.tick().await.unwrap(), 1);
    assert_eq!((server.tick().await.unwrap(), world.entries()), (0, (0, 0)));
}
