//! Nodes with several outputs, and nodes that several others read.

use std::sync::Arc;

use mastic_engine::plan::*;

use crate::counting::Counting;
use crate::support::*;

async fn numbers(rows: usize) -> (World, Arc<Counting>) {
    let counting = Arc::new(Counting::default());
    let world = World { store: Arc::<Counting>::clone(&counting), ..World::new() };
    let lines: Vec<String> = (0..rows).map(|n| format!("{n},p{}\n", n % 3)).collect();
    world.put("in/n.csv", format!("n,part\n{}", lines.concat())).await;
    (world, counting)
}

fn typed() -> Kind {
    typed_csv("s3://b/in", &[("n", "bigint"), ("part", "string")])
}

fn to(id: &str, input: &str) -> Node {
    node(id, json_target(&format!("s3://b/{id}/")), &[input])
}

async fn read(world: &World, folder: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for key in world.keys(folder).await {
        rows.extend(world.text(&key).await.lines().map(str::to_owned));
    }
    rows.sort();
    rows
}

fn is(field: &str, constant: &str) -> Filter {
    let operands = vec![Operand::Field(path_of(field)), Operand::Constant(constant.to_owned())];
    Filter {
        any: false,
        conditions: vec![Condition { operation: Comparison::Equal, negated: false, operands }],
    }
}

fn sql(query: &str, aliases: &[(&str, &str)]) -> Kind {
    let aliases = aliases.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    Kind::Sql(SqlQuery { query: query.to_owned(), aliases, schema: None })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_feeds_several_targets_is_read_once() {
    let one = vec![node("n", typed(), &[]), to("a", "n")];
    let (world, counting) = numbers(50_000).await;
    world.run(one).await.unwrap();
    let once = counting.reads();
    let (world, counting) = numbers(50_000).await;
    let sums = sql("select part, sum(n) s from t group by part", &[("f", "t")]);
    let summary = world
        .run(vec![
            node("n", typed(), &[]),
            node("f", Kind::Filter(Filter { any: true, ..is("part", "p1") }), &["n"]),
            to("a", "n"),
            to("b", "f"),
            to("c", "n"),
            node("s", sums, &["f"]),
            to("d", "s"),
        ])
        .await
        .unwrap();
    assert_eq!(counting.reads(), once);
    let rows: Vec<u64> = summary.outputs.iter().map(|output| output.rows).collect();
    assert_eq!(rows, [50_000, 50_000, 16_667, 1]);
    assert_eq!(read(&world, "d").await, [r#"{"part":"p1","s":416675000}"#]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_readers_meet_again_nobody_waits_for_ever() {
    let (world, counting) = numbers(200_000).await;
    let joined = sql(
        "select count(*) c, sum(a.n) s from l a join r b on a.n = b.n where a.n >= 0 and b.n >= 0",
        &[("x", "l"), ("y", "r")],
    );
    let keep = || Kind::Filter(Filter { any: true, ..is("part", "p1") });
    world
        .run(vec![
            node("n", typed(), &[]),
            node("x", keep(), &["n"]),
            node("y", Kind::SelectFields(vec![path_of("n")]), &["n"]),
            node("j", joined, &["x", "y"]),
            to("a", "j"),
            to("b", "n"),
        ])
        .await
        .unwrap();
    let once = counting.reads();
    assert_eq!(read(&world, "a").await, [r#"{"c":66667,"s":6666700000}"#]);
    assert_eq!(read(&world, "b").await.len(), 200_000);
    let before = counting.reads();
    world.run(vec![node("n", typed(), &[]), to("z", "n")]).await.unwrap();
    assert_eq!(counting.reads() - before, once);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_target_that_fails_ends_the_others() {
    let (world, _) = numbers(100_000).await;
    let nodes = |bad: Kind| vec![node("n", typed(), &[]), to("a", "n"), node("z", bad, &["n"])];
    let error = world.run(nodes(json_target("s3://nowhere/x/"))).await.unwrap_err().to_string();
    assert_eq!(error, "node `The z`: `s3://nowhere/x/`: there is no such bucket");
    world.put("in/z.csv.gz", "no gzip").await;
    let error =
        world.run(vec![node("n", typed(), &[]), to("a", "n"), to("b", "n")]).await.unwrap_err().to_string();
    assert!(error.starts_with("node `The n`: `s3://b/in/z.csv.gz`: "), "{error}");
    assert!(world.keys("a").await.is_empty() && world.keys("b").await.is_empty());
}

#[tokio::test]
async fn fields_and_rows_are_split() {
    let (world, _) = numbers(9).await;
    let pick = |id: &str, input: &str, index| node(id, Kind::SelectFromCollection(index), &[input]);
    world
        .run(vec![
            node("n", typed(), &[]),
            node("s", Kind::SplitFields(vec![path_of("part")]), &["n"]),
            pick("s0", "s", 0),
            pick("s1", "s", 1),
            to("a", "s0"),
            to("b", "s1"),
            node(
                "r",
                Kind::Route(vec![("one".into(), is("part", "p1")), ("two".into(), is("n", "7"))]),
                &["n"],
            ),
            pick("r0", "r", 0),
            pick("r1", "r", 1),
            pick("r2", "r", 2),
            to("c", "r0"),
            to("d", "r1"),
            to("e", "r2"),
        ])
        .await
        .unwrap();
    assert_eq!(read(&world, "a").await[0], r#"{"part":"p0"}"#);
    assert_eq!(read(&world, "b").await[8], r#"{"n":8}"#);
    let part = |n: usize| format!(r#"{{"n":{n},"part":"p{}"}}"#, n % 3);
    assert_eq!(read(&world, "c").await, [1, 4, 7].map(part));
    assert_eq!(read(&world, "d").await, [7].map(part));
    assert_eq!(read(&world, "e").await, [0, 2, 3, 5, 6, 8].map(part));
}

#[tokio::test]
async fn collections_are_chosen_from() {
    let (world, _) = numbers(1).await;
    let split = || vec![node("n", typed(), &[]), node("s", Kind::SplitFields(vec![path_of("part")]), &["n"])];
    for (node, expected) in [
        (
            to("z", "s"),
            "node `The z`: its input `The s` is a collection of frames: a SelectFromCollection node has to choose one",
        ),
        (
            node("z", Kind::SelectFromCollection(2), &["s"]),
            "node `The z`: the collection `The s` has no frame 2: it has 2",
        ),
        (
            node("z", Kind::SelectFromCollection(0), &["n"]),
            "node `The z`: its input `The n` is no collection",
        ),
    ] {
        let mut nodes = split();
        nodes.push(node);
        assert_eq!(world.run(nodes).await.unwrap_err().to_string(), expected);
    }
}

#[tokio::test]
async fn a_spigot_lets_everything_pass() {
    for (top, probability, low, high) in [
        (Some(5), None, 5, 5),
        (None, Some(1.0), 1000, 1000),
        (None, Some(0.5), 300, 700),
        (None, None, 100, 100),
    ] {
        let (world, _) = numbers(1000).await;
        let spigot = Spigot { path: "s3://b/sample/".into(), top, probability };
        world
            .run(vec![node("n", typed(), &[]), node("s", Kind::Spigot(spigot), &["n"]), to("a", "s")])
            .await
            .unwrap();
        assert_eq!(read(&world, "a").await.len(), 1000);
        let sample = read(&world, "sample").await.len();
        assert!((low..=high).contains(&sample), "{top:?} {probability:?} {sample}");
    }
}

#[tokio::test]
async fn staged_rows_replace_the_source_s() {
    let (world, _) = numbers(0).await;
    world.put("m/m.csv", "k,v,only\n1,a,x\n1,b,x\n2,c,x\n,d,x\n").await;
    world.put("s/s.csv", "K,v,more\n1,A,y\n3,B,y\n3,C,y\n,D,y\n").await;
    let merge = |source: &str, inputs: &[&str]| {
        vec![
            node("m", csv("s3://b/m"), &[]),
            node("s", csv("s3://b/s"), &[]),
            node("r", Kind::RenameField { from: path_of("K"), to: path_of("k") }, &["s"]),
            node("t", Kind::Merge(Merge { source: source.into(), keys: vec![path_of("k")] }), inputs),
        ]
    };
    let expected = [
        r#"{"k":"","v":"D","more":"y"}"#,
        r#"{"k":"1","v":"A","more":"y"}"#,
        r#"{"k":"2","v":"c","only":"x"}"#,
        r#"{"k":"3","v":"B","more":"y"}"#,
        r#"{"k":"3","v":"C","more":"y"}"#,
    ];
    assert_eq!(world.rows(merge("m", &["m", "r"])).await, expected);
    assert_eq!(world.rows(merge("m", &["r", "m"])).await, expected);
    let error = world.error(merge("x", &["m", "r"])).await;
    assert_eq!(error, "node `The t`: its source `x` is none of its inputs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nested_values_become_tables() {
    let (world, counting) = numbers(0).await;
    let records = [
        r#"{"id":1,"to":{"city":"Rome","tags":["x","y"]},"lines":[{"sku":"a","n":1,"notes":["p"]},{"sku":"b","n":2}]}"#,
        r#"{"id":2,"to":{"city":"Oslo","tags":null},"lines":[]}"#,
        r#"{"id":3,"to":null,"lines":[{"sku":"c","n":3,"notes":["q","r"]}]}"#,
    ];
    world.put("o/o.json", records.join("\n")).await;
    let before = counting.reads();
    world.run(vec![node("o", json("s3://b/o"), &[]), to("z", "o")]).await.unwrap();
    let once = counting.reads() - before;
    let pick = |id: &str, index| node(id, Kind::SelectFromCollection(index), &["r"]);
    world
        .run(vec![
            node("o", json("s3://b/o"), &[]),
            node("r", Kind::Relationalize { root: "root".into() }, &["o"]),
            pick("r0", 0),
            pick("r1", 1),
            pick("r2", 2),
            pick("r3", 3),
            to("a", "r0"),
            to("b", "r1"),
            to("c", "r2"),
            to("d", "r3"),
        ])
        .await
        .unwrap();
    assert_eq!(counting.reads() - before - once, once);
    assert_eq!(
        read(&world, "a").await,
        [
            r#"{"id":1,"lines":1,"to.city":"Rome","to.tags":1}"#,
            r#"{"id":2,"lines":2,"to.city":"Oslo"}"#,
            r#"{"id":3,"lines":3}"#
        ]
    );
    let lines = read(&world, "b").await;
    assert_eq!(lines.len(), 3);
    assert!(lines[1].starts_with(r#"{"id":1,"index":1,"lines.val.n":2,"#), "{lines:?}");
    assert!(lines[1].contains(r#""lines.val.sku":"b""#), "{lines:?}");
    let notes = read(&world, "c").await;
    assert_eq!(notes.len(), 3);
    assert!(notes[0].contains(r#""lines.val.notes.val":"p""#), "{notes:?}");
    assert_eq!(
        read(&world, "d").await,
        [r#"{"id":1,"index":0,"to.tags.val":"x"}"#, r#"{"id":1,"index":1,"to.tags.val":"y"}"#]
    );
}
