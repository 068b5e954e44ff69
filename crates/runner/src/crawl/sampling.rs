//! Files to what they hold: fetches as few bytes of each as its classification takes.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use mastic_classify::{
    Classified, Classifiers, ClassifyError, Compression, FoundFile, HEAD_BYTES, Likenesses, Outcome, Sample,
};
use mastic_client::{ClientError, S3};
use mastic_crawl::{Include, log};

use super::listing::Object;
use crate::events::Pace;
use crate::failure::Failure;
use crate::session::Session;

/// Files looked at side by side.
const AT_ONCE: usize = 16;

/// The last bytes of a file that is probably Parquet: most footers are within.
const TAIL: u64 = 64 << 10;

/// Bytes by which a Parquet file is recognised.
const MAGIC: u64 = 4;

/// How often a request that broke off is made.
const TRIES: u32 = 3;

/// Looks at all objects; gives what was found in the order of the objects. One that was deleted since it was
/// listed is left out.
pub(super) async fn look_at(
    session: &Session,
    include: &Arc<Include>,
    classifiers: &Classifiers,
    objects: Vec<Object>,
) -> Result<Vec<FoundFile>, Failure> {
    let s3 = session.client.s3();
    let mut found = Vec::with_capacity(objects.len());
    let mut likenesses = Likenesses::default();
    let mut pace = Pace::new(Duration::from_millis(500));
    let mut looks = stream::iter(objects)
        .map(|object| {
            // A task of its own: reading a megabyte of text keeps a core busy for a while.
            let (s3, include, classifiers) = (s3.clone(), Arc::clone(include), classifiers.clone());
            tokio::spawn(async move { look(&s3, &include, &classifiers, object).await })
        })
        .buffered(AT_ONCE);
    while let Some(looked) = looks.next().await {
        let looked = looked.map_err(|error| Failure::new(format!("A task broke off: {error}")))??;
        let Some(Look { object, classified, unreadable }) = looked else { continue };
        if let Some(error) = unreadable {
            session.events.output(log::warned(include.url(&object.key), error));
        }
        found.push(likenesses.file(object.key, object.size, classified));
        if pace.due(session.clock.now()) {
            session.events.progress(found.len() as u64);
        }
    }
    Ok(found)
}

/// What a file holds, and why its bytes make no sense if they do not.
struct Look {
    object: Object,
    classified: Classified,
    unreadable: Option<ClassifyError>,
}

async fn look(
    s3: &S3,
    include: &Include,
    classifiers: &Classifiers,
    object: Object,
) -> Result<Option<Look>, Failure> {
    if object.size == 0 {
        return Ok(Some(Look {
            object,
            classified: Classified::unknown(Compression::None),
            unreadable: None,
        }));
    }
    let file = File { s3, include, classifiers, object: &object };
    let looked = file.classify().await;
    let (classified, unreadable) = match looked {
        Ok(Some(Ok(classified))) => (classified, None),
        Ok(Some(Err(error))) => (Classified::unknown(Compression::None), Some(error)),
        Ok(None) => return Ok(None),
        Err(failure) => return Err(failure.at(include.url(&object.key))),
    };
    Ok(Some(Look { object, classified, unreadable }))
}

struct File<'a> {
    s3: &'a S3,
    include: &'a Include,
    classifiers: &'a Classifiers,
    object: &'a Object,
}

impl File<'_> {
    async fn classify(&self) -> Result<Option<Result<Classified, ClassifyError>>, Failure> {
        let Object { key, size } = self.object;
        let size = *size;
        let columnar = [".parquet", ".parq"].iter().any(|end| key.ends_with(end));
        let (mut head, mut tail) = if size <= HEAD_BYTES {
            (self.get(0..size).await?, None)
        } else if columnar {
            let (head, tail) = futures::try_join!(self.get(0..MAGIC), self.get(size - TAIL..size))?;
            (head, tail)
        } else {
            (self.get(0..HEAD_BYTES).await?, None)
        };
        loop {
            let Some(first) = head.as_deref() else { return Ok(None) };
            let outcome = self.classifiers.classify(&Sample { size, head: first, tail: tail.as_deref() });
            match outcome {
                Ok(Outcome::Done(classified)) => return Ok(Some(Ok(*classified))),
                Err(error) => return Ok(Some(Err(error))),
                Ok(Outcome::NeedHead(wanted)) => {
                    let had = first.len() as u64;
                    let more = self.get(had..wanted).await?;
                    head = head.zip(more).map(|(head, more)| [head, more].concat());
                }
                Ok(Outcome::NeedTail(wanted)) => {
                    let start = size.saturating_sub(wanted);
                    let held = usize::try_from(start).ok().and_then(|start| first.get(start..));
                    tail = match held.filter(|_| first.len() as u64 == size) {
                        Some(held) => Some(held.to_vec()),
                        None => self.get(start..size).await?,
                    };
                    if tail.is_none() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The bytes of a range; nothing when the object is gone.
    async fn get(&self, range: Range<u64>) -> Result<Option<Vec<u8>>, Failure> {
        let wanted = range.end.saturating_sub(range.start);
        let mut tries = 0;
        loop {
            tries += 1;
            match self.s3.get_range(&self.include.bucket, &self.object.key, range.clone()).await {
                Ok(bytes) if bytes.len() as u64 == wanted => return Ok(Some(bytes.into())),
                Ok(_) => return Err(Failure::new("the file changed while the crawl read it")),
                Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
                Err(ClientError::Transport { .. } | ClientError::Timeout { .. }) if tries < TRIES => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
