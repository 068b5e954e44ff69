//! `GetPartitions` over more partitions than a page holds.

use std::collections::BTreeSet;

use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;

use super::harness::{World, code, column, create, partition, table, texts};
use crate::on_flights;

/// A table of 10,080 partitions: 28 years, 12 months, 30 days, the last an int.
async fn calendar() -> World {
    let world = World::with_database().await;
    let mut input = table("flights", &["year", "month"]);
    input.partition_keys.as_mut().unwrap().push(column("day", "int"));
    world.call::<op::CreateTable>(create(input)).await.unwrap();
    let mut waiting = Vec::new();
    for year in 1997..=2024 {
        for month in 1..=12 {
            for day in 1..=30 {
                let values = [year.to_string(), format!("{month:02}"), day.to_string()];
                let mut input = partition(&[]);
                input.values = Some(values.to_vec());
                waiting.push(input);
            }
        }
    }
    for chunk in waiting.chunks(840) {
        let request = on_flights!(BatchCreatePartitionRequest { partition_input_list: chunk.to_vec() });
        let answer = world.call::<op::BatchCreatePartition>(request).await.unwrap();
        assert_eq!(answer.errors, Some(Vec::new()));
    }
    world
}

fn request(expression: &str, size: i32) -> GetPartitionsRequest {
    on_flights!(GetPartitionsRequest {
        expression: Some(expression.to_owned()),
        max_results: Some(size),
        exclude_column_schema: Some(true),
    })
}

/// The values of all pages; no page with a token is empty.
async fn all(world: &World, mut request: GetPartitionsRequest) -> Vec<Vec<String>> {
    let mut values = Vec::new();
    loop {
        let page = world.call::<op::GetPartitions>(request.clone()).await.unwrap();
        let partitions = page.partitions.unwrap();
        assert!(partitions.len() <= usize::try_from(request.max_results.unwrap_or(1000)).unwrap());
        assert!(page.next_token.is_none() || !partitions.is_empty());
        values.extend(partitions.into_iter().map(|p| p.values.unwrap()));
        request.next_token = page.next_token;
        if request.next_token.is_none() {
            return values;
        }
    }
}

/// Checks that expressions find just the partitions that they are true of, and answers all that there are.
async fn pages_are_exact(world: &World) -> Vec<Vec<String>> {
    let year = |v: &[String]| v[0].parse::<u32>().unwrap();
    let month = |v: &[String]| v[1].parse::<u32>().unwrap();
    let day = |v: &[String]| v[2].parse::<u32>().unwrap();
    let everything = all(world, request("", 1000)).await;
    assert!(everything.is_sorted_by_key(|v| (year(v), month(v), day(v))));

    type Test<'a> = Box<dyn Fn(&[String]) -> bool + 'a>;
    let cases: [(&str, i32, Test<'_>); 14] = [
        ("day = 5", 100, Box::new(|v| day(v) == 5)),
        ("day > 29", 1000, Box::new(|v| day(v) > 29)),
        (
            "NOT (day BETWEEN 2 AND 29 OR month <> '06')",
            9,
            Box::new(|v| !(2..=29).contains(&day(v)) && month(v) == 6),
        ),
        (
            "(year = '1998' AND day = 1) OR (month = '12' AND day IN (7, 8, 31))",
            50,
            Box::new(|v| {
                (year(v) == 1998 && day(v) == 1) || (month(v) == 12 && [7, 8, 31].contains(&day(v)))
            }),
        ),
        ("year = '2024'", 100, Box::new(|v| year(v) == 2024)),
        (
            "year = '2024' AND month IN ('01', '12')",
            7,
            Box::new(|v| year(v) == 2024 && [1, 12].contains(&month(v))),
        ),
        ("year > '2020' AND year <= '2023'", 1000, Box::new(|v| (2021..=2023).contains(&year(v)))),
        ("year >= '2020' AND year < '2023'", 1000, Box::new(|v| (2020..=2022).contains(&year(v)))),
        (
            "year BETWEEN '1999' AND '2001' OR day = 30",
            999,
            Box::new(|v| (1999..=2001).contains(&year(v)) || day(v) == 30),
        ),
        ("year LIKE '20%' AND day >= 29", 500, Box::new(|v| year(v) >= 2000 && day(v) >= 29)),
        (
            "(year='2001') AND (month) NOT IN ('05') AND day < 3",
            10,
            Box::new(|v| year(v) == 2001 && month(v) != 5 && day(v) < 3),
        ),
        (
            "year = '2024' AND month = '02' AND day = 7",
            1,
            Box::new(|v| year(v) == 2024 && month(v) == 2 && day(v) == 7),
        ),
        ("year = '1890'", 10, Box::new(|_| false)),
        (
            "month > '02' AND month <= '03' AND year = '2010'",
            30,
            Box::new(|v| year(v) == 2010 && month(v) == 3),
        ),
    ];
    for (expression, size, test) in cases {
        let expected: Vec<_> = everything.iter().filter(|values| test(values)).cloned().collect();
        assert_eq!(all(world, request(expression, size)).await, expected, "{expression}");
    }
    everything
}

#[tokio::test]
async fn expressions_page_exactly() {
    let world = calendar().await;
    assert_eq!(pages_are_exact(&world).await.len(), 10_080);
    let run = world.as_run("jr_1");
    for year in ["1998", "2001", "2024"] {
        let day = |month: i32, day: i32| texts(&[year, &format!("{month:02}"), &day.to_string()]);
        let gone =
            (1..=12).flat_map(|month| [1, 5, 7, 30].map(|n| PartitionValueList { values: day(month, n) }));
        for gone in gone.collect::<Vec<_>>().chunks(25) {
            let request = on_flights!(BatchDeletePartitionRequest { partitions_to_delete: gone.to_vec() });
            assert_eq!(run.call::<op::BatchDeletePartition>(request).await.unwrap().errors, Some(Vec::new()));
        }
        let new = (1..=12).map(|month| PartitionInput { values: Some(day(month, 31)), ..partition(&[]) });
        let request = on_flights!(BatchCreatePartitionRequest { partition_input_list: new.collect() });
        assert_eq!(run.call::<op::BatchCreatePartition>(request).await.unwrap().errors, Some(Vec::new()));
    }
    assert_eq!(pages_are_exact(&run).await.len(), 10_080 - 3 * 12 * 4 + 3 * 12);
    assert_eq!(pages_are_exact(&world).await.len(), 10_080);
}

#[tokio::test]
async fn a_page_of_scattered_partitions_is_shorter() {
    let world = calendar().await;
    let first = async |expression: &str| {
        let page = world.call::<op::GetPartitions>(request(expression, 1000)).await.unwrap();
        (page.partitions.unwrap().len(), page.next_token.is_some())
    };
    assert_eq!(first("").await, (1000, true));
    assert_eq!(first("year IN ('2001', '2002', '2003')").await, (1000, true));
    let (scattered, more) = first("day = 5").await;
    assert!((100..336).contains(&scattered) && more, "{scattered}");
}

#[tokio::test]
async fn segments_are_disjoint_and_complete() {
    let world = calendar().await;
    for total in [1, 3, 10] {
        let mut seen = BTreeSet::new();
        let mut sizes = Vec::new();
        for number in 0..total {
            let segment = Segment { segment_number: number, total_segments: total };
            let part = all(&world, GetPartitionsRequest { segment: Some(segment), ..request("", 300) }).await;
            sizes.push(part.len());
            for values in part {
                assert!(seen.insert(values));
            }
        }
        assert_eq!(seen.len(), 10_080);
        let fair = 10_080 / sizes.len();
        assert!(sizes.iter().all(|size| (fair / 2..fair * 2).contains(size)), "{sizes:?}");
    }
    let beyond = Segment { segment_number: 2, total_segments: 2 };
    let refused =
        world.fault::<op::GetPartitions>(GetPartitionsRequest { segment: Some(beyond), ..request("", 1) });
    assert_eq!(refused.await.0, "InvalidInputException");
}

#[tokio::test]
async fn faults_of_expressions() {
    let world = World::with_database().await;
    let mut input = table("flights", &["year"]);
    input.partition_keys.as_mut().unwrap().push(column("day", "int"));
    world.call::<op::CreateTable>(create(input)).await.unwrap();
    let add = on_flights!(CreatePartitionRequest { partition_input: partition(&["2024", "first"]) });
    world.call::<op::CreatePartition>(add).await.unwrap();

    let invalid = |text: &str| code("InvalidInputException", text);
    for (expression, fault) in [
        ("month = '1'", invalid("Invalid partition expression!")),
        ("year ==", invalid("Unsupported expression 'year =='")),
        ("day = 'x'", invalid("\"x\" is not an integer.")),
        ("day LIKE '1%'", invalid("Integral data type doesn't support operation 'LIKE'")),
        ("day = 1", code("InvalidStateException", "\"first\" is not an integer.")),
    ] {
        assert_eq!(world.fault::<op::GetPartitions>(request(expression, 10)).await, fault, "{expression}");
    }
    assert_eq!(all(&world, request("  ", 10)).await.len(), 1);
    let token = GetPartitionsRequest { next_token: Some("bm9uZQ".to_owned()), ..request("", 10) };
    assert_eq!(world.fault::<op::GetPartitions>(token).await.0, "InvalidInputException");
}

#[tokio::test]
async fn a_large_table_is_swept_behind_its_deletion() {
    let world = calendar().await;
    let delete = DeleteTableRequest {
        database_name: "sales".to_owned(),
        name: "flights".to_owned(),
        ..DeleteTableRequest::default()
    };
    world.call::<op::DeleteTable>(delete).await.unwrap();
    // The name is free at once, and its new bearer has nothing of the old one.
    world.call::<op::CreateTable>(create(table("flights", &["year"]))).await.unwrap();
    assert_eq!(all(&world, request("", 10)).await, Vec::<Vec<String>>::new());
    let count = || {
        use crate::keys::{ORPHANS, PARTITIONS};
        world.store.read(|tx| {
            let counts = (PARTITIONS.count(tx, PARTITIONS.all())?, ORPHANS.count(tx, ORPHANS.all())?);
            Ok::<_, mastic_store::StoreError>(counts)
        })
    };
    assert_eq!(count().unwrap(), (2080, 1));
    world.catalog.sweep(&world.kernel.background("test")).await.unwrap();
    assert_eq!(count().unwrap(), (0, 0));
}
