//! The object service over a store in memory and a directory of its own.

use std::sync::Arc;
use std::time::Duration;

use crate::{
    Algorithm, Attributes, Body, ByteRange, ChecksumKind, CompleteUpload, CopyObject, Deletion, Expected,
    GetObject, ListObjects, ListUploads, ListedPart, Objects, PutObject, ReadConditions, Settings, Tag,
    TagMatch, UploadKey, WriteConditions,
};
use futures::TryStreamExt;
use mastic_core::{AccountId, Arn, Fault, ManualClock, RequestId, SeededEntropy, Timestamp};
use mastic_kernel::ports::ResourcePolicies;
use mastic_kernel::{
    Access, Authorizer, Call, Caller, Ctx, Explanation, Identity, Kernel, Need, RunBinding, Seams,
    SessionIdentity, Verdict,
};
use mastic_store::{Store, overlay};

/// Allows everything but listing to the user `blind`.
struct Open;

impl Authorizer for Open {
    fn decide(&self, call: &Call, need: &Need) -> Result<Verdict, Fault> {
        let allowed = call.user_agent.as_deref() != Some("blind") || need.action != "s3:ListBucket";
        let text =
            format!("User: u is not authorized to perform: {} on resource: {}", need.action, need.resource);
        Ok(Verdict { allowed, text, explanation: None })
    }

    fn explain(&self, _: &Call, _: &Need) -> Result<Explanation, Fault> {
        Err(Fault::internal("nobody asks for reasons here"))
    }
}

struct House {
    store: Store,
    kernel: Kernel,
    clock: Arc<ManualClock>,
    objects: Arc<Objects>,
    directory: tempfile::TempDir,
}

const MB: usize = 1024 * 1024;

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

impl House {
    fn new() -> Self {
        let store = Store::memory().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_800_000_000)));
        let seams = Seams { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(7)) };
        let kernel = Kernel::new(store.clone(), seams);
        kernel.connect_authorizer(Arc::new(Open));
        let directory = tempfile::tempdir().unwrap();
        let objects = Objects::open(&kernel, directory.path(), &Settings::default()).unwrap();
        Self { store, kernel, clock, objects, directory }
    }

    async fn with_bucket() -> Self {
        let house = Self::new();
        house.objects.create_bucket(&house.ctx(), "bucket", None, Vec::new()).await.unwrap();
        house
    }

    fn ctx_of(&self, caller: Caller, agent: &str) -> Ctx {
        let call = Call {
            caller: Arc::new(caller),
            region: "us-east-1".parse().unwrap(),
            request_id: RequestId::parse("r"),
            time: self.kernel.clock().now(),
            source_ip: None,
            user_agent: Some(agent.to_owned()),
            secure: false,
        };
        let (ctx, admitted) = self.kernel.admit(call, &Access::Anybody);
        admitted.unwrap();
        ctx
    }

    fn ctx(&self) -> Ctx {
        self.ctx_of(
            Caller { account: Some(account()), identity: Identity::Root, access_key_id: None, token: None },
            "",
        )
    }

    fn run(&self, id: &str) -> Ctx {
        let arn = |text: &str| text.parse::<Arn>().unwrap();
        let session = SessionIdentity {
            role_arn: arn("arn:aws:iam::111122223333:role/r"),
            session_arn: arn("arn:aws:sts::111122223333:assumed-role/r/s"),
            role_id: "AROA".into(),
            session_name: "s".into(),
            session_policies: Vec::new(),
            issued: Timestamp::from_secs(0),
            expires: Timestamp::from_secs(9_999_999_999),
            issued_to_service: None,
            run: Some(RunBinding { id: id.into(), staged: true }),
            source_identity: None,
            federation: None,
        };
        let identity = Identity::Session(Box::new(session));
        self.ctx_of(Caller { account: Some(account()), identity, access_key_id: None, token: None }, "")
    }

    async fn put(&self, ctx: &Ctx, key: &str, bytes: Vec<u8>) -> crate::ObjectRecord {
        self.objects.put(ctx, put(key), Body::whole(bytes)).await.unwrap()
    }

    async fn read(&self, ctx: &Ctx, get: GetObject) -> Result<Vec<u8>, Fault> {
        let found = self.objects.get(ctx, &get)?;
        let chunks: Vec<_> = self.objects.stream(&found).try_collect().await.unwrap();
        Ok(chunks.concat())
    }

    fn keys(&self, ctx: &Ctx, list: ListObjects) -> (Vec<String>, Vec<String>, Option<String>) {
        let page = self.objects.list(ctx, &ListObjects { bucket: "bucket".into(), ..list }).unwrap();
        (page.objects.into_iter().map(|(key, _)| key).collect(), page.prefixes, page.next)
    }

    fn blobs(&self) -> usize {
        let shards = std::fs::read_dir(self.directory.path().join("blobs")).unwrap();
        shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count()).sum()
    }
}

fn put(key: &str) -> PutObject {
    PutObject { bucket: "bucket".into(), key: key.into(), ..PutObject::default() }
}

fn get(key: &str) -> GetObject {
    GetObject { bucket: "bucket".into(), key: key.into(), ..GetObject::default() }
}

fn bytes(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|n| (n * 31 % 251) as u8 ^ seed).collect()
}

#[tokio::test]
async fn what_is_put_is_got() {
    let house = House::with_bucket().await;
    let ctx = house.ctx();
    for size in [0, 5, 16 * 1024, 16 * 1024 + 1, 3 * MB] {
        let content = bytes(size, 1);
        let object = house.put(&ctx, "k", content.clone()).await;
        assert_eq!(object.size, size as u64);
        assert_eq!(house.read(&ctx, get("k")).await.unwrap(), content, "{size}");
    }
    assert_eq!(house.put(&ctx, "e", Vec::new()).await.etag, "d41d8cd98f00b204e9800998ecf8427e");
    let range = |range| GetObject { range: Some(range), ..get("k") };
    let content = bytes(3 * MB, 1);
    for (wanted, span) in [
        (ByteRange::From(5, Some(9)), 5..10),
        (ByteRange::From(600_000, None), 600_000..3 * MB),
        (ByteRange::Last(3), 3 * MB - 3..3 * MB),
    ] {
        assert_eq!(house.read(&ctx, range(wanted)).await.unwrap(), content[span]);
    }
    let beyond = house.read(&ctx, range(ByteRange::From(3 * MB as u64, None))).await;
    assert_eq!(
        (beyond.as_ref().unwrap_err().code(), beyond.as_ref().unwrap_err().status()),
        ("InvalidRange", 416)
    );
}

#[tokio::test]
async fn a_missing_key_is_told_to_those_only_who_may_list() {
    let house = House::with_bucket().await;
    let missing = house.objects.get(&house.ctx(), &get("x")).unwrap_err();
    assert_eq!((missing.code(), missing.status()), ("NoSuchKey", 404));
    let caller =
        Caller { account: Some(account()), identity: Identity::Root, access_key_id: None, token: None };
    let hidden = house.objects.get(&house.ctx_of(caller, "blind"), &get("x")).unwrap_err();
    assert_eq!((hidden.code(), hidden.status()), ("AccessDenied", 403));
    assert!(hidden.message().ends_with("s3:ListBucket on resource: \"arn:aws:s3:::bucket\""), "{hidden}");
    let nowhere = GetObject { bucket: "none".into(), ..get("x") };
    assert_eq!(house.objects.get(&house.ctx(), &nowhere).unwrap_err().code(), "NoSuchBucket");
}

#[tokio::test]
async fn conditions() {
    let house = House::with_bucket().await;
    let ctx = house.ctx();
    let new = PutObject {
        conditions: WriteConditions { if_none_match: Some(TagMatch::Any), if_match: None },
        ..put("k")
    };
    let object = house.objects.put(&ctx, new.clone(), Body::whole("a")).await.unwrap();
    assert_eq!(
        house.objects.put(&ctx, new, Body::whole("b")).await.unwrap_err().code(),
        "PreconditionFailed"
    );
    let same = |etag: &str| PutObject {
        conditions: WriteConditions { if_match: Some(TagMatch::Tag(etag.into())), if_none_match: None },
        ..put("k")
    };
    assert!(house.objects.put(&ctx, same(&object.etag), Body::whole("c")).await.is_ok());
    assert_eq!(house.objects.put(&ctx, same("x"), Body::whole("d")).await.unwrap_err().status(), 412);
    let object = house.objects.get(&ctx, &get("k")).unwrap().object;
    let when = |conditions| GetObject { conditions, ..get("k") };
    let have =
        ReadConditions { if_none_match: Some(TagMatch::Tag(object.etag)), ..ReadConditions::default() };
    assert!(house.objects.get(&ctx, &when(have)).unwrap().unchanged);
    let later =
        ReadConditions { if_unmodified_since: Some(Timestamp::from_secs(1)), ..ReadConditions::default() };
    assert_eq!(house.objects.get(&ctx, &when(later)).unwrap_err().code(), "PreconditionFailed");
}

#[tokio::test]
async fn a_wrong_digest_leaves_nothing() {
    let house = House::with_bucket().await;
    let ctx = house.ctx();
    let wrong = |expected| PutObject { expected, ..put("k") };
    let sum = Expected { checksum: Some((Algorithm::Crc32, "AAAAAA==".into())), ..Expected::default() };
    let md5 = Expected { md5: Some("1B2M2Y8AsgTpgAmY7PhCfg==".into()), ..Expected::default() };
    for expected in [sum, md5] {
        let outcome = house.objects.put(&ctx, wrong(expected), Body::whole(bytes(MB, 1))).await;
        assert_eq!(outcome.unwrap_err().code(), "BadDigest");
    }
    assert_eq!(house.objects.get(&ctx, &get("k")).unwrap_err().code(), "NoSuchKey");
    assert_eq!(house.blobs(), 0);
    let short = Body { length: Some(5), ..Body::whole("four") };
    assert_eq!(house.objects.put(&ctx, put("k"), short).await.unwrap_err().code(), "IncompleteBody");
}

#[tokio::test]
async fn listings_roll_up_and_go_on() {
    let house = House::with_bucket().await;
    let ctx = house.ctx();
    for key in ["a/1", "a/2", "b", "c/x/1", "c/y", "d", "d/z"] {
        house.put(&ctx, key, Vec::new()).await;
    }
    let list = |prefix: &str, after: Option<String>, most| ListObjects {
        prefix: prefix.into(),
        delimiter: Some("/".into()),
        after,
        most: Some(most),
        ..ListObjects::default()
    };
    let mut after = None;
    let mut all = Vec::new();
    loop {
        let (keys, prefixes, next) = house.keys(&ctx, list("", after, 1));
        all.extend(keys.into_iter().chain(prefixes));
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(all, ["a/", "b", "c/", "d", "d/"]);
    assert_eq!(house.keys(&ctx, list("c/", None, 10)), (vec!["c/y".into()], vec!["c/x/".into()], None));
    let flat = ListObjects { after: Some("b".into()), ..ListObjects::default() };
    assert_eq!(house.keys(&ctx, flat).0, ["c/x/1", "c/y", "d", "d/z"]);
    assert_eq!(house.keys(&ctx, list("", None, 0)), (Vec::new(), Vec::new(), None));
}

#[tokio::test]
async fn parts_become_one_object() {
    let house = House::with_bucket().await;
    let ctx = house.ctx();
    let (id, _) = house
        .objects
        .create_upload(&ctx, "bucket", "big", Attributes::default(), Some(Algorithm::Crc32), None)
        .await
        .unwrap();
    let upload = UploadKey { bucket: "bucket".into(), key: "big".into(), id };
    let contents = [bytes(5 * MB, 1), bytes(5 * MB + 7, 2), bytes(3, 3)];
    let mut listed = Vec::new();
    for (number, content) in [(2, &contents[0]), (5, &contents[1]), (9, &contents[2])] {
        let body = Body::whole(content.clone());
        let (part, _) =
            house.objects.upload_part(&ctx, upload.clone(), number, Expected::default(), body).await.unwrap();
        let checksum = Some((Algorithm::Crc32, part.checksum));
        listed.push(ListedPart { number: number.cast_unsigned(), etag: part.etag, checksum });
    }
    assert_eq!(house.objects.parts(&ctx, &upload, Some(2), None).unwrap().parts.len(), 2);
    let uploads = ListUploads { bucket: "bucket".into(), ..ListUploads::default() };
    assert_eq!(house.objects.uploads(&ctx, &uploads).unwrap().uploads.len(), 1);
    let complete = |parts: Vec<ListedPart>| CompleteUpload {
        upload: upload.clone(),
        parts,
        checksum: None,
        kind: Some(ChecksumKind::Composite),
        size: None,
        conditions: WriteConditions::default(),
    };
    for (parts, code) in [
        (listed.iter().rev().cloned().collect(), "InvalidPartOrder"),
        (Vec::new(), "MalformedXML"),
        (vec![ListedPart { number: 3, ..listed[0].clone() }], "InvalidPart"),
        (vec![ListedPart { etag: "x".into(), ..listed[0].clone() }], "InvalidPart"),
    ] {
        assert_eq!(house.objects.complete_upload(&ctx, complete(parts)).await.unwrap_err().code(), code);
    }
    let object = house.objects.complete_upload(&ctx, complete(listed)).await.unwrap();
    assert!(object.etag.ends_with("-3") && object.checksum.unwrap().value.ends_with("-3"));
    let whole = contents.concat();
    assert_eq!(house.read(&ctx, get("big")).await.unwrap(), whole);
    let across =
        GetObject { range: Some(ByteRange::From(5 * MB as u64 - 2, Some(10 * MB as u64 + 8))), ..get("big") };
    assert_eq!(house.read(&ctx, across).await.unwrap(), whole[5 * MB - 2..=10 * MB + 8]);
    let part = GetObject { part: Some(3), ..get("big") };
    assert_eq!(house.read(&ctx, part).await.unwrap(), contents[2]);
    let copy = CopyObject {
        source: get("big"),
        bucket: "bucket".into(),
        key: "copy".into(),
        ..CopyObject::default()
    };
    house.objects.copy(&ctx, copy).await.unwrap();
    assert_eq!(house.read(&ctx, get("copy")).await.unwrap(), whole);
    assert_eq!(house.blobs(), 3);
    assert_eq!(house.objects.abort_upload(&ctx, upload).await.unwrap_err().code(), "NoSuchUpload");
}

#[tokio::test]
async fn small_parts_are_refused() {
    let house = House::with_bucket().await;
    let ctx = house.ctx();
    let created = house.objects.create_upload(&ctx, "bucket", "k", Attributes::default(), None, None).await;
    let upload = UploadKey { bucket: "bucket".into(), key: "k".into(), id: created.unwrap().0 };
    let mut parts = Vec::new();
    for number in [1, 2] {
        let body = Body::whole("tiny");
        let uploaded =
            house.objects.upload_part(&ctx, upload.clone(), number, Expected::default(), body).await;
        let etag = uploaded.unwrap().0.etag;
        parts.push(ListedPart { number: number.cast_unsigned(), etag, checksum: None });
    }
    let complete = CompleteUpload {
        upload,
        parts,
        checksum: None,
        kind: None,
        size: None,
        conditions: WriteConditions::default(),
    };
    assert_eq!(house.objects.complete_upload(&ctx, complete).await.unwrap_err().code(), "EntityTooSmall");
}

#[tokio::test]
async fn a_copy_takes_after_its_source() {
    let house = House::with_bucket().await;
    let ctx = house.ctx();
    let tag = Tag { key: "team".into(), value: "data".into() };
    let mut attributes = Attributes { tags: vec![tag.clone()], ..Attributes::default() };
    attributes.headers.content_type = Some("text/plain".into());
    let source = PutObject { attributes, ..put("a") };
    house.objects.put(&ctx, source, Body::whole("content")).await.unwrap();
    let copy = |key: &str| CopyObject {
        source: get("a"),
        bucket: "bucket".into(),
        key: key.into(),
        algorithm: Some(Algorithm::Sha256),
        ..CopyObject::default()
    };
    let made = house.objects.copy(&ctx, copy("b")).await.unwrap();
    assert_eq!(made.headers.content_type.as_deref(), Some("text/plain"));
    assert_eq!(made.tags, [tag]);
    assert_eq!(made.checksum.unwrap().algorithm, Algorithm::Sha256);
    let anew = CopyObject { replace_headers: true, replace_tags: true, ..copy("a") };
    let made = house.objects.copy(&ctx, anew).await.unwrap();
    assert_eq!((made.headers.content_type, made.tags.len()), (None, 0));
    assert_eq!(house.objects.copy(&ctx, copy("a")).await.unwrap_err().code(), "InvalidRequest");
    assert_eq!(house.read(&ctx, get("b")).await.unwrap(), b"content");
}

#[tokio::test]
async fn a_runs_objects_appear_when_it_is_published() {
    let house = House::with_bucket().await;
    let (ctx, run) = (house.ctx(), house.run("jr_1"));
    house.put(&ctx, "old", b"old".to_vec()).await;
    house.put(&run, "new", bytes(MB, 1)).await;
    let gone = Deletion { key: "old".into(), version: None, etag: None };
    house.objects.delete(&run, "bucket", gone).await.unwrap();
    assert_eq!(house.keys(&ctx, ListObjects::default()).0, ["old"]);
    assert_eq!(house.keys(&run, ListObjects::default()).0, ["new"]);
    assert_eq!(house.read(&run, get("new")).await.unwrap().len(), MB);

    let grace = Duration::from_secs(60);
    let background = house.kernel.background("test");
    for _ in 0..3 {
        house.clock.advance(grace * 2);
        assert_eq!(house.objects.sweep(&background, grace).await.unwrap().removed, 0);
    }
    house.store.write(|tx| overlay::publish(tx, "jr_1").map(drop)).await.unwrap();
    assert_eq!(house.keys(&ctx, ListObjects::default()).0, ["new"]);
    assert_eq!(house.read(&ctx, get("new")).await.unwrap(), bytes(MB, 1));
}

#[tokio::test]
async fn what_nothing_refers_to_is_swept() {
    let house = House::with_bucket().await;
    let ctx = house.ctx();
    house.put(&ctx, "a", bytes(MB, 1)).await;
    house.put(&house.run("jr_1"), "b", bytes(MB, 2)).await;
    house.put(&ctx, "kept", bytes(MB, 3)).await;
    assert_eq!(house.blobs(), 3);
    let grace = Duration::from_secs(60);
    let background = house.kernel.background("test");
    house.put(&ctx, "a", bytes(MB, 4)).await;
    background.discard_staged("jr_1").await.unwrap();
    house.clock.advance(grace * 2);
    let first = house.objects.sweep(&background, grace).await.unwrap();
    assert_eq!((first.removed, first.condemned), (0, 2));
    house.clock.advance(grace * 2);
    let second = house.objects.sweep(&background, grace).await.unwrap();
    assert_eq!((second.removed, second.condemned), (2, 0));
    assert_eq!(house.blobs(), 2);
    assert_eq!(house.read(&ctx, get("a")).await.unwrap(), bytes(MB, 4));
    assert_eq!(house.read(&ctx, get("kept")).await.unwrap(), bytes(MB, 3));
}

#[tokio::test]
async fn buckets() {
    let house = House::with_bucket().await;
    let ctx = house.ctx();
    assert_eq!(house.objects.create_bucket(&ctx, "bucket", None, Vec::new()).await, Ok(false));
    let other = Caller {
        account: "444455556666".parse().ok(),
        identity: Identity::Root,
        access_key_id: None,
        token: None,
    };
    let taken = house.objects.create_bucket(&house.ctx_of(other, ""), "bucket", None, Vec::new()).await;
    assert_eq!(taken.unwrap_err().code(), "BucketAlreadyExists");
    house.put(&ctx, "k", Vec::new()).await;
    assert_eq!(house.objects.delete_bucket(&ctx, "bucket").await.unwrap_err().code(), "BucketNotEmpty");

    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}]}"#;
    assert_eq!(house.objects.bucket_policy(&ctx, "bucket").unwrap_err().code(), "NoSuchBucketPolicy");
    house.objects.put_bucket_policy(&ctx, "bucket", policy.to_owned()).await.unwrap();
    let found = house.objects.policy("arn:aws:s3:::bucket/some/key").unwrap().unwrap();
    assert_eq!((found.owner, found.document.as_deref()), (account(), Some(policy)));
    assert!(house.objects.bucket_is_public(&ctx, "bucket").unwrap());
    assert_eq!(house.objects.policy("arn:aws:s3:::none").unwrap(), None);
    house.objects.delete_bucket_policy(&ctx, "bucket").await.unwrap();
    assert_eq!(house.objects.policy("arn:aws:s3:::bucket").unwrap().unwrap().document, None);
}

#[tokio::test]
async fn a_runs_upload_is_an_object_when_the_run_is_published() {
    let house = House::with_bucket().await;
    let (ctx, run) = (house.ctx(), house.run("jr_1"));
    let created = house.objects.create_upload(&run, "bucket", "k", Attributes::default(), None, None).await;
    let upload = UploadKey { bucket: "bucket".into(), key: "k".into(), id: created.unwrap().0 };
    let body = Body::whole(bytes(MB, 1));
    let part = house.objects.upload_part(&run, upload.clone(), 1, Expected::default(), body).await.unwrap().0;
    let complete = CompleteUpload {
        upload,
        parts: vec![ListedPart { number: 1, etag: part.etag, checksum: None }],
        checksum: None,
        kind: None,
        size: Some(MB as u64),
        conditions: WriteConditions::default(),
    };
    house.objects.complete_upload(&run, complete).await.unwrap();
    assert_eq!(house.objects.get(&ctx, &get("k")).unwrap_err().code(), "NoSuchKey");
    assert_eq!(house.objects.delete_bucket(&ctx, "bucket").await.unwrap_err().code(), "BucketNotEmpty");
    house.store.write(|tx| overlay::publish(tx, "jr_1").map(drop)).await.unwrap();
    assert_eq!(house.read(&ctx, get("k")).await.unwrap(), bytes(MB, 1));
}

#[tokio::test]
async fn what_a_crash_left_half_written_goes_at_the_next_start() {
    let house = House::with_bucket().await;
    house.put(&house.ctx(), "k", bytes(MB, 1)).await;
    let torn = house.directory.path().join("blobs/new/torn");
    std::fs::write(&torn, b"half").unwrap();
    let again = Objects::open(&house.kernel, house.directory.path(), &Settings::default()).unwrap();
    assert!(!torn.exists());
    assert_eq!(again.get(&house.ctx(), &get("k")).unwrap().object.size, MB as u64);
}
