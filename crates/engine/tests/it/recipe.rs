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
