//! What signature and access decision add to a GetTable call.
//!
//! The same request is served over one connection by three doors over one store: with both, without the decision (an
//! authorizer that says yes), and without the signature too (the operation counts as unsigned). The caller is a
//! session of a role with ten policies of 25 statements, one in five with a condition. CPU is that of the server's
//! threads; the client's is not in it. Latency is that of a client that sends the same bytes again, the
//! fastest that there can be, and of one that makes and signs each call, as all SDKs do; and of boto3, if the first
//! argument names a Python that has it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue};
use mastic_api_glue::glue;
use mastic_api_iam::{iam, sts};
use mastic_api_watch::cloudtrail;
use mastic_catalog::Catalog;
use mastic_core::{Clock, Fault, Secret, SystemClock, SystemEntropy};
use mastic_gateway::{Calls, Fallback, Limits, Server, full};
use mastic_iam::{GivenRoot, Iam, bootstrap};
use mastic_kernel::ports::Keys;
use mastic_kernel::{Authorizer, Call, Caller, Explanation, Kernel, Need, Registry, Seams, Verdict};
use mastic_shape::{Op, Operation, Service, Shape, Value};
use mastic_sigv4::{Credentials, Payloads, Signer};
use mastic_store::Store;
use mastic_trail::Trail;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";
const ROUNDS: usize = 80;
const CALLS: u32 = 500;

struct Yes;

impl Authorizer for Yes {
    fn decide(&self, _: &Call, _: &Need) -> Result<Verdict, Fault> {
        Ok(Verdict { allowed: true, text: String::new(), explanation: None })
    }

    fn explain(&self, _: &Call, _: &Need) -> Result<Explanation, Fault> {
        Err(Fault::internal("nobody asks for reasons here"))
    }
}

/// Glue as it is, but with a GetTable that needs no signature.
fn unsigned_glue() -> &'static Service {
    let row = <glue::op::GetTable as Op>::operation();
    let operations: &'static [Operation] = Box::leak(Box::new([Operation {
        name: row.name,
        action: row.action,
        access: row.access,
        resources: row.resources,
        condition_keys: row.condition_keys,
        http: row.http,
        unsigned: true,
        shapes: row.shapes,
    }]));
    let known = &glue::SERVICE;
    Box::leak(Box::new(Service {
        id: known.id,
        protocol: known.protocol,
        target_prefix: known.target_prefix,
        version: known.version,
        xml_namespace: known.xml_namespace,
        message_member: known.message_member,
        operations,
    }))
}

/// A server over the store; `signed` and `decided` say what it asks for.
async fn door(store: &Store, iam: &Arc<Iam>, signed: bool, decided: bool) -> SocketAddr {
    let clock = Arc::new(SystemClock);
    let seams = Seams { clock: clock.clone(), entropy: Arc::new(SystemEntropy::new()) };
    let kernel = Kernel::new(store.clone(), seams);
    if decided {
        kernel.connect_authorizer(iam.clone());
    } else {
        kernel.connect_authorizer(Arc::new(Yes));
    }
    let mut registry = Registry::new();
    if !signed {
        registry.service(unsigned_glue());
    }
    Catalog::new().register(&mut registry);
    let trail = Trail::new();
    trail.connect(&kernel, registry.services());
    let region = REGION.parse().unwrap();
    let calls = Calls::new(kernel, registry, iam.clone(), clock, region, 1 << 20);
    let fallback: Fallback = Arc::new(|_, _| Box::pin(async { http::Response::new(full("")) }));
    let address = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(address, None, calls, fallback, Limits::default()).await.unwrap();
    let address = server.address();
    tokio::spawn(server.run(std::future::pending()));
    address
}

/// Calls as somebody, past the front door.
struct House {
    kernel: Kernel,
    registry: Registry,
}

impl House {
    async fn call<O: Op>(&self, caller: &Caller, input: Value) -> O::Output {
        let call = Call {
            caller: Arc::new(caller.clone()),
            region: REGION.parse().unwrap(),
            request_id: self.kernel.request_id(),
            time: self.kernel.clock().now(),
            source_ip: None,
            user_agent: None,
            secure: false,
        };
        let served = self.registry.serve(&self.kernel, O::service(), O::operation(), call, input).await;
        O::Output::from_value(served.unwrap()).unwrap()
    }
}

fn map<const N: usize>(entries: [(&'static str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn text(text: impl Into<String>) -> Value {
    Value::Str(text.into())
}

/// Statements as people write them, of which one in the last policy allows what is asked.
fn policy(number: usize) -> String {
    let statement = |n: usize| {
        let condition = match n % 5 {
            0 => r#","Condition":{"StringEquals":{"aws:PrincipalTag/team":"sales"}}"#,
            _ => "",
        };
        let (effect, action, resource) = match (n % 25, number) {
            (24, 9) => ("Allow", "glue:Get*".to_owned(), "*".to_owned()),
            (7, _) => ("Deny", format!("glue:Delete{number}*"), "*".to_owned()),
            _ => ("Allow", format!("s3:GetObject{n}"), format!("arn:aws:s3:::bucket-{number}-{n}/*")),
        };
        format!(r#"{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"{condition}}}"#)
    };
    let statements: Vec<String> = (0..25).map(statement).collect();
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

/// A role's session, and a table.
async fn furnish(kernel: &Kernel, service: &Arc<Iam>) -> (House, Caller, Credentials) {
    let given = GivenRoot { account: Some(ACCOUNT.parse().unwrap()), ..GivenRoot::default() };
    let root = bootstrap(&kernel.background("start"), given).await.unwrap();
    let root = service.key(&root.access_key_id).unwrap().unwrap().caller.as_ref().clone();
    let mut registry = Registry::new();
    service.register(&mut registry);
    Catalog::new().register(&mut registry);
    let trail = Trail::new();
    trail.register(&mut registry);
    trail.connect(kernel, registry.services());
    let house = House { kernel: kernel.clone(), registry };
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{ACCOUNT}"}},"Action":"sts:AssumeRole"}}]}}"#
    );
    let role = map([("RoleName", text("etl")), ("AssumeRolePolicyDocument", text(trust))]);
    let role = house.call::<iam::op::CreateRole>(&root, role).await.role.arn;
    for number in 0..10 {
        let input =
            map([("PolicyName", text(format!("p{number}"))), ("PolicyDocument", text(policy(number)))]);
        let made =
            house.call::<iam::op::CreatePolicy>(&root, input).await.policy.and_then(|policy| policy.arn);
        let input = map([("RoleName", text("etl")), ("PolicyArn", text(made.unwrap()))]);
        house.call::<iam::op::AttachRolePolicy>(&root, input).await;
    }
    // Root may not assume a role, so a user does.
    house.call::<iam::op::CreateUser>(&root, map([("UserName", text("u"))])).await;
    let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}"#;
    let input = map([("UserName", text("u")), ("PolicyName", text("p")), ("PolicyDocument", text(own))]);
    house.call::<iam::op::PutUserPolicy>(&root, input).await;
    let key = house.call::<iam::op::CreateAccessKey>(&root, map([("UserName", text("u"))])).await.access_key;
    let user = service.key(&key.access_key_id).unwrap().unwrap().caller.as_ref().clone();
    let input = map([("RoleArn", text(role)), ("RoleSessionName", text("bench"))]);
    let made = house.call::<sts::op::AssumeRole>(&user, input).await.credentials.unwrap();

    let database = map([("DatabaseInput", map([("Name", text("sales"))]))]);
    house.call::<glue::op::CreateDatabase>(&root, database).await;
    let column = |n: usize| map([("Name", text(format!("column_{n}"))), ("Type", text("string"))]);
    let storage = map([
        ("Columns", Value::List((0..12).map(column).collect())),
        ("Location", text("s3://bucket/sales/orders/")),
    ]);
    let table = map([("Name", text("orders")), ("StorageDescriptor", storage)]);
    let table = map([("DatabaseName", text("sales")), ("TableInput", table)]);
    house.call::<glue::op::CreateTable>(&root, table).await;
    let keys = service.key(&made.access_key_id).unwrap().unwrap();
    let credentials = Credentials {
        access_key_id: made.access_key_id,
        secret_access_key: keys.secret.clone(),
        session_token: keys.session_token.as_ref().map(|token| Secret::new(token.reveal().clone())),
    };
    (house, root, credentials)
}

/// How long event history is searched for one event of long ago, and for the newest of many.
async fn look_up(house: &House, root: &Caller) {
    let calls = CALLS as usize * (ROUNDS + 1) * 6;
    println!("LookupEvents, median of 11, over the {calls} calls before");
    for (key, value) in [("EventName", "CreateTable"), ("EventName", "GetTable"), ("Username", "nobody")] {
        let attribute = map([("AttributeKey", text(key)), ("AttributeValue", text(value))]);
        let input = map([("LookupAttributes", Value::List(vec![attribute]))]);
        let (mut times, mut found) = (Vec::new(), 0);
        for _ in 0..11 {
            let start = Instant::now();
            let answer = house.call::<cloudtrail::op::LookupEvents>(root, input.clone()).await;
            times.push(start.elapsed().as_secs_f64() * 1e3);
            found = answer.events.map_or(0, |events| events.len());
        }
        println!("{:24} {found:3} events {:6.1} ms", format!("{key}={value}"), median(&mut times));
    }
}

fn request(address: SocketAddr, credentials: &Credentials) -> Vec<u8> {
    let body = format!(r#"{{"CatalogId":"{ACCOUNT}","DatabaseName":"sales","Name":"orders"}}"#);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", address.to_string()),
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("x-amz-target", "AWSGlue.GetTable".to_owned()),
        ("user-agent", "Boto3/1.40 md/Botocore#1.40 ua/2.1 os/linux lang/python#3.11".to_owned()),
    ] {
        headers.insert(name, HeaderValue::from_str(&value).unwrap());
    }
    let signer = Signer { credentials, region: REGION, service: "glue", at: SystemClock.now() };
    signer.sign("POST", "/", "", &mut headers, Payloads::Body(body.as_bytes())).unwrap();
    let mut out = "POST / HTTP/1.1\r\n".to_owned();
    for (name, value) in &headers {
        out += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    out += &format!("content-length: {}\r\n\r\n{body}", body.len());
    out.into_bytes()
}

/// A client's connection.
struct Line {
    address: SocketAddr,
    credentials: Credentials,
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Line {
    fn new(address: SocketAddr, credentials: &Credentials) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let (request, answer) = (request(address, credentials), vec![0; 64 * 1024]);
        Self { address, credentials: credentials.clone(), stream, request, answer }
    }

    /// Makes and signs the call, and reads what comes back.
    fn signed_call(&mut self) {
        self.request = request(self.address, &self.credentials);
        let body = self.call();
        let answer: serde_json::Value = serde_json::from_slice(&self.answer[body]).unwrap();
        assert_eq!(answer["Table"]["Name"], "orders");
    }

    /// Says the same again; where in the answer its body is.
    fn call(&mut self) -> Range<usize> {
        self.stream.write_all(&self.request).unwrap();
        let mut length = 0;
        loop {
            length += self.stream.read(&mut self.answer[length..]).unwrap();
            let so_far = std::str::from_utf8(&self.answer[..length]).unwrap();
            let Some(end) = so_far.find("\r\n\r\n") else { continue };
            let head = so_far[..end].to_ascii_lowercase();
            assert!(head.starts_with("http/1.1 200"), "{so_far}");
            let (_, rest) = head.split_once("content-length: ").unwrap();
            let body: usize = rest.split("\r\n").next().unwrap().parse().unwrap();
            if length == end + 4 + body {
                return end + 4..length;
            }
        }
    }
}

/// What boto3 sees of the doors, a line for each; nothing where no Python is named.
fn boto3(python: Option<String>, lines: &[(&str, Line)], credentials: &Credentials) -> Vec<String> {
    let Some(python) = python else { return Vec::new() };
    let token = credentials.session_token.as_ref().map(|token| token.reveal().clone());
    let told = Command::new(python)
        .args([concat!(env!("CARGO_MANIFEST_DIR"), "/client.py"), ACCOUNT])
        .args(lines.iter().map(|(_, line)| format!("http://{}", line.address)))
        .env("AWS_ACCESS_KEY_ID", &credentials.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.reveal())
        .env("AWS_SESSION_TOKEN", token.unwrap_or_default())
        .env("AWS_DEFAULT_REGION", REGION)
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Nanoseconds that this process's threads have run, this one left out.
fn served() -> u64 {
    let time = |path: String| -> u64 {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)
    };
    let all = fs::read_dir("/proc/self/task").unwrap().flatten();
    let all: u64 = all.map(|task| time(format!("{}/schedstat", task.path().display()))).sum();
    all - time("/proc/thread-self/schedstat".to_owned())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = mastic_store_sqlite::open(folder.path()).unwrap();
    let seams = Seams { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy::new()) };
    let ((house, root, credentials), addresses) = runtime.block_on(async {
        let kernel = Kernel::new(store.clone(), seams);
        let iam = Iam::new(kernel.background("iam"));
        iam.connect(&kernel);
        let furnished = furnish(&kernel, &iam).await;
        let mut addresses = Vec::new();
        for (name, signed, decided) in
            [("neither", false, false), ("signature", true, false), ("signature and decision", true, true)]
        {
            addresses.push((name, door(&store, &iam, signed, decided).await));
        }
        (furnished, addresses)
    });
    let mut lines: Vec<(&str, Line)> =
        addresses.iter().map(|(name, address)| (*name, Line::new(*address, &credentials))).collect();
    let mut figures: Vec<[Vec<f64>; 3]> = lines.iter().map(|_| Default::default()).collect();
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(CALLS);
    for round in 0..=ROUNDS {
        for ((_, line), [cpu, again, signing]) in lines.iter_mut().zip(&mut figures) {
            let (start, before) = (Instant::now(), served());
            for _ in 0..CALLS {
                line.call();
            }
            let (passed, used) = (start.elapsed(), Duration::from_nanos(served() - before));
            let start = Instant::now();
            for _ in 0..CALLS {
                line.signed_call();
            }
            // The first round warms the caches.
            if round > 0 {
                cpu.push(micros(used));
                again.push(micros(passed));
                signing.push(micros(start.elapsed()));
            }
        }
    }
    println!("GetTable, median of {ROUNDS} rounds of {CALLS} calls over one connection, in microseconds");
    println!(
        "{:24} {:>18} {:>18} {:>18} {:>18}",
        "", "server's CPU", "same bytes again", "client that signs", "boto3"
    );
    let boto3 = boto3(std::env::args().nth(1), &lines, &credentials);
    let (base, mut boto3) = (figures[0].clone(), boto3.into_iter());
    for ((name, _), measured) in lines.iter().zip(&mut figures) {
        print!("{name:24}");
        for (of, to) in measured.iter_mut().zip(&base) {
            let mut more: Vec<f64> = of.iter().zip(to).map(|(a, b)| a / b * 100.0 - 100.0).collect();
            print!(" {:>8.1} ({:+5.1} %)", median(of), median(&mut more));
        }
        println!(" {:>18}", boto3.next().unwrap_or_default());
    }
    runtime.block_on(look_up(&house, &root));
}
