use mastic_engine::plan::*;

use crate::support::*;

async fn world() -> World {
    let world = World::new();
    world.put("p/p.csv", "id,name,n\n1, ann LEE!,2.5\n2,,\n3,bob,-4\n").await;
    world
}

fn step(operation: &str, parameters: &[(&str, &str)]) -> RecipeStep {
    let parameters =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    RecipeStep { operation: operation.to_owned(), parameters, conditions: vec![] }
}

fn with(mut step: RecipeStep, condition: &str, column: &str, value: Option<&str>) -> RecipeStep {
    let value = value.map(str::to_owned);
    step.conditions.push(RecipeCondition { condition: condition.into(), value, column: column.into() });
    step
}

fn nodes(steps: Vec<RecipeStep>) -> Vec<Node> {
    let source = typed_csv("s3://b/p", &[("id", "int"), ("name", "string"), ("n", "double")]);
    vec![node("p", source, &[]), node("r", Kind::Recipe(steps), &["p"])]
}

#[tokio::test]
async fn steps_follow_each_other() {
    let name = ("sourceColumn", "name");
    let n = ("sourceColumn", "n");
    for (steps, first, second) in [
        (
            vec![step("UPPER_CASE", &[name])],
            r#"{"id":1,"name":" ANN LEE!","n":2.5}"#,
            r#"{"id":2,"name":""}"#,
        ),
        (
            vec![step("TRIM", &[name]), step("SENTENCE_CASE", &[name])],
            r#"{"id":1,"name":"Ann lee!","n":2.5}"#,
            r#"{"id":2,"name":""}"#,
        ),
        (
            vec![
                step(
                    "REMOVE_COMBINED",
                    &[name, ("removeAllPunctuation", "true"), ("removeLeadingAndTrailingWhitespace", "true")],
                ),
                step("CAPITAL_CASE", &[name, ("targetColumn", "title")]),
                step("DELETE", &[("sourceColumns", "[\"name\",\"n\"]")]),
            ],
            r#"{"id":1,"title":"Ann Lee"}"#,
            r#"{"id":2,"title":""}"#,
        ),
        (
            vec![step("FILL_WITH_AVERAGE", &[n]), step("RENAME", &[name, ("targetColumn", "who")])],
            r#"{"id":1,"who":" ann LEE!","n":2.5}"#,
            r#"{"id":2,"who":"","n":-0.75}"#,
        ),
        (
            vec![
                step("FILL_WITH_CUSTOM", &[name, ("value", "none")]),
                step("CHANGE_DATA_TYPE", &[n, ("columnDataType", "int")]),
            ],
            r#"{"id":1,"name":" ann LEE!","n":2}"#,
            r#"{"id":2,"name":"none"}"#,
        ),
        (
            vec![
                with(step("NEGATE", &[n]), "GREATER_THAN", "id", Some("1")),
                step("REPLACE_TEXT", &[name, ("pattern", "[a-z]+"), ("value", "x")]),
            ],
            r#"{"id":1,"name":" x LEE!","n":2.5}"#,
            r#"{"id":2,"name":""}"#,
        ),
        (
            vec![
                step(
                    "MERGE",
                    &[("sourceColumns", "[\"id\",\"name\"]"), ("delimiter", "-"), ("targetColumn", "m")],
                ),
                step("DELETE", &[name]),
            ],
            r#"{"id":1,"n":2.5,"m":"1- ann LEE!"}"#,
            r#"{"id":2,"m":"2-"}"#,
        ),
    ] {
        let rows = world().await.rows(nodes(steps.clone())).await;
        assert_eq!((rows[0].as_str(), rows[1].as_str()), (first, second), "{steps:?}");
    }
    let rows =
        world().await.rows(nodes(vec![with(step("REMOVE_VALUES", &[]), "IS_MISSING", "name", None)])).await;
    assert_eq!(rows.len(), 2);
    assert_eq!(world().await.rows(nodes(vec![step("REMOVE_MISSING", &[n])])).await.len(), 2);
}

async fn votes(steps: Vec<RecipeStep>) -> Vec<String> {
    let world = World::new();
    let text =
        "state,year,votes,word\nBerlin,1,5,a/b/c\nRoma,1,7,a\nBerlin,2,,/x\nBerlin,2,4,\nRoma,1,2,H-M-Z\n";
    world.put("v/v.csv", text).await;
    let schema = [("state", "string"), ("year", "int"), ("votes", "int"), ("word", "string")];
    let nodes = vec![node("p", typed_csv("s3://b/v", &schema), &[]), node("r", Kind::Recipe(steps), &["p"])];
    world.rows(nodes).await
}

const WORD: (&str, &str) = ("sourceColumn", "word");

#[tokio::test]
async fn groups_and_pivots() {
    let computed = r#"[{"sourceColumnName":"votes","targetColumnName":"n","targetColumnDataType":"number","functionName":"COUNT"},
        {"sourceColumnName":"votes","targetColumnName":"all","targetColumnDataType":"string","functionName":"SUM"},
        {"sourceColumnName":"votes","targetColumnName":"mean","functionName":"AVERAGE"}]"#;
    let group = step(
        "GROUP_BY",
        &[
            ("sourceColumns", r#"["state"]"#),
            ("groupByAggFunctionOptions", computed),
            ("useNewDataFrame", "true"),
        ],
    );
    assert_eq!(
        votes(vec![group]).await,
        [
            r#"{"state":"Berlin","n":2,"all":"9","mean":4.5}"#,
            r#"{"state":"Roma","n":2,"all":"9","mean":4.5}"#
        ]
    );
    let pivot = |function| {
        let parameters =
            [("sourceColumn", "state"), ("valueColumn", "votes"), ("aggregateFunction", function)];
        vec![step("DELETE", &[WORD]), step("PIVOT", &parameters)]
    };
    assert_eq!(votes(pivot("SUM")).await, [r#"{"year":1,"Berlin":5,"Roma":9}"#, r#"{"year":2,"Berlin":4}"#]);
    assert_eq!(
        votes([pivot("COLLECT_LIST"), vec![step("DELETE", &[("sourceColumn", "Roma")])]].concat()).await,
        [r#"{"year":1,"Berlin":[5]}"#, r#"{"year":2,"Berlin":[4]}"#]
    );
    let unpivot = |columns| {
        let named = [("sourceColumns", columns), ("unpivotColumn", "of"), ("valueColumn", "value")];
        vec![step("DELETE", &[WORD]), step("UNPIVOT", &named)]
    };
    assert_eq!(
        votes(unpivot(r#"["year","votes"]"#)).await[..4],
        [
            r#"{"state":"Berlin","of":"votes","value":4}"#,
            r#"{"state":"Berlin","of":"votes","value":5}"#,
            r#"{"state":"Berlin","of":"votes"}"#,
            r#"{"state":"Berlin","of":"year","value":1}"#,
        ]
    );
    assert_eq!(
        votes(unpivot(r#"["state","votes"]"#)).await[0],
        r#"{"year":1,"of":"state","value":"Berlin"}"#
    );
}

#[tokio::test]
async fn columns_are_split() {
    let only = |last: &str| step("DELETE", &[("sourceColumns", last)]);
    for (operation, parameters, expected) in [
        (
            "SPLIT_COLUMN_SINGLE_DELIMITER",
            &[("pattern", "/"), ("limit", "1")][..],
            &[r#"{"word":"","word_1":""}"#, r#"{"word":"/x","word_1":"","word_2":"x"}"#][..],
        ),
        (
            "SPLIT_COLUMN_SINGLE_DELIMITER",
            &[("pattern", "/"), ("limit", "2"), ("includeInSplit", "true")],
            &[
                r#"{"word":"","word_1":""}"#,
                r#"{"word":"/x","word_1":"/","word_2":"x"}"#,
                r#"{"word":"H-M-Z","word_1":"H-M-Z"}"#,
                r#"{"word":"a","word_1":"a"}"#,
                r#"{"word":"a/b/c","word_1":"a/","word_2":"b/","word_3":"c"}"#,
            ],
        ),
        (
            "SPLIT_COLUMN_MULTIPLE_DELIMITER",
            &[
                ("patternOptions", r#"[{"pattern":"-","includeInSplit":true},{"pattern":"/"}]"#),
                ("limit", "1"),
            ],
            &[
                r#"{"word":"","word_1":""}"#,
                r#"{"word":"/x","word_1":"","word_2":"x"}"#,
                r#"{"word":"H-M-Z","word_1":"H-","word_2":"M-Z"}"#,
                r#"{"word":"a","word_1":"a"}"#,
                r#"{"word":"a/b/c","word_1":"a","word_2":"b/c"}"#,
            ],
        ),
        (
            "SPLIT_COLUMN_BETWEEN_DELIMITER",
            &[
                ("patternOption1", r#"{"pattern":"H-","includeInSplit":true}"#),
                ("patternOption2", r#"{"pattern":"-","includeInSplit":false}"#),
            ],
            &[
                r#"{"word":"","word_1":""}"#,
                r#"{"word":"/x","word_1":"/x"}"#,
                r#"{"word":"H-M-Z","word_1":"H-","word_2":"M","word_3":"Z"}"#,
            ],
        ),
        (
            "SPLIT_COLUMN_FROM_START",
            &[("position", "1")],
            &[r#"{"word":"","word_1":"","word_2":""}"#, r#"{"word":"/x","word_1":"/","word_2":"x"}"#],
        ),
        (
            "SPLIT_COLUMN_FROM_END",
            &[("position", "2")],
            &[
                r#"{"word":"","word_1":"","word_2":""}"#,
                r#"{"word":"/x","word_1":"","word_2":"/x"}"#,
                r#"{"word":"H-M-Z","word_1":"H-M","word_2":"-Z"}"#,
            ],
        ),
        (
            "SPLIT_COLUMN_BETWEEN_POSITIONS",
            &[("startPosition", "1"), ("endPosition", "3")],
            &[
                r#"{"word":"","word_1":"","word_2":"","word_3":""}"#,
                r#"{"word":"/x","word_1":"/","word_2":"x","word_3":""}"#,
                r#"{"word":"H-M-Z","word_1":"H","word_2":"-M","word_3":"-Z"}"#,
            ],
        ),
        (
            "SPLIT_COLUMN_WITH_INTERVALS",
            &[("startPosition", "2"), ("interval", "2")],
            &[
                r#"{"word":"","word_1":"","word_2":"","word_3":""}"#,
                r#"{"word":"/x","word_1":"/x","word_2":"","word_3":""}"#,
                r#"{"word":"H-M-Z","word_1":"H-","word_2":"M-","word_3":"Z"}"#,
            ],
        ),
    ] {
        let split = step(operation, &[&[WORD], parameters].concat());
        let rows = votes(vec![only(r#"["state","year","votes"]"#), split]).await;
        assert_eq!(rows[..expected.len()], *expected, "{operation}");
    }
}

#[tokio::test]
async fn steps_that_need_more_are_refused() {
    let pivot = [("sourceColumn", "id"), ("valueColumn", "n"), ("aggregateFunction", "MODE")];
    let split = [("sourceColumn", "name"), ("pattern", "/"), ("limit", "21")];
    for (step, expected) in [
        (step("JOIN", &[]), "it needs a second dataset, which a recipe does not have here: use a Join node"),
        (
            step("UNION", &[]),
            "it needs a second dataset, which a recipe does not have here: use a Union node",
        ),
        (step("GROUP_BY", &[]), "`useNewDataFrame` must be true: groups take the place of the rows"),
        (step("PIVOT", &pivot), "the function `MODE` is not supported"),
        (step("SPLIT_COLUMN_SINGLE_DELIMITER", &split), "`limit` is 21: it must be from 1 to 20"),
        (step("SPLIT_COLUMN_BY_MAGIC", &split), "the operation `SPLIT_COLUMN_BY_MAGIC` is not supported"),
    ] {
        let text = format!("node `The r`: step 1 ({}): {expected}", step.operation);
        assert_eq!(world().await.error(nodes(vec![step])).await, text);
    }
    let world = World::new();
    let text: String = (0..11).map(|n| format!("{n},x,1\n")).collect();
    world.put("p/p.csv", format!("id,name,n\n{text}")).await;
    let many = [("sourceColumn", "id"), ("valueColumn", "n"), ("aggregateFunction", "SUM")];
    let error = world.error(nodes(vec![step("PIVOT", &many)])).await;
    assert!(error.ends_with("the column `id` has more than 10 different values"), "{error}");
}

#[tokio::test]
async fn unknown_steps_are_named() {
    let name = ("sourceColumn", "name");
    for (steps, expected) in [
        (
            vec![step("TRIM", &[name]), step("BINARIZE", &[name])],
            "node `The r`: step 2 (BINARIZE): the operation `BINARIZE` is not supported",
        ),
        (vec![step("TRIM", &[])], "node `The r`: step 1 (TRIM): the parameter `sourceColumn` is missing"),
        (
            vec![step("TRIM", &[("sourceColumn", "x")])],
            "node `The r`: step 1 (TRIM): there is no column `x`: there are `id`, `name`, `n`",
        ),
    ] {
        assert_eq!(world().await.error(nodes(steps)).await, expected);
    }
}
