"""The older interface to scripts: graphs of annotated steps, mappings, plans; through boto3 and the AWS CLI."""

import ast
import json

import botocore.exceptions
import pytest

from harness import statement


def arg(name, value, **more):
    return {"Name": name, "Value": value} | more


NODES = [
    {"Id": "datasource0", "NodeType": "DataSource",
     "Args": [arg("database", '"shop"'), arg("table_name", '"orders"')]},
    {"Id": "applymapping1", "NodeType": "ApplyMapping",
     "Args": [arg("mapping", '[("id", "int", "id", "long")]')]},
    {"Id": "resolvechoice2", "NodeType": "ResolveChoice",
     "Args": [arg("choice", '"MATCH_CATALOG"'), arg("database", '"shop"'), arg("table_name", '"copies"')]},
    {"Id": "datasink3", "NodeType": "DataSink",
     "Args": [arg("database", '"shop"'), arg("table_name", '"copies"'), arg("redshift_tmp_dir", "TempDir", Param=True)]},
]
EDGES = [{"Source": a["Id"], "Target": b["Id"]} for a, b in zip(NODES, NODES[1:])]


def refused(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_graph_becomes_a_script_and_a_graph_again(server):
    glue = server.client("glue")
    answer = glue.create_script(DagNodes=NODES, DagEdges=EDGES, Language="PYTHON")
    assert "ScalaCode" not in answer
    script = answer["PythonScript"]
    ast.parse(script)
    assert "## @params: [TempDir, JOB_NAME]\n" in script
    assert (
        "## @type: ApplyMapping\n"
        '## @args: [mapping = [("id", "int", "id", "long")], transformation_ctx = "applymapping1"]\n'
        "## @return: applymapping1\n"
        "## @inputs: [frame = datasource0]\n"
        'applymapping1 = ApplyMapping.apply(frame = datasource0, mappings = [("id", "int", "id", "long")], '
        'transformation_ctx = "applymapping1")\n'
    ) in script
    graph = glue.get_dataflow_graph(PythonScript=script)
    assert [(node["Id"], node["NodeType"]) for node in graph["DagNodes"]] == [
        (node["Id"], node["NodeType"]) for node in NODES
    ]
    assert graph["DagEdges"] == [edge | {"TargetParameter": "frame"} for edge in EDGES]
    last = {one["Name"]: one for one in graph["DagNodes"][-1]["Args"]}
    assert last["redshift_tmp_dir"] == {"Name": "redshift_tmp_dir", "Value": "TempDir", "Param": True}
    assert script.splitlines()[graph["DagNodes"][0]["LineNumber"] - 1] == "## @type: DataSource"
    again = glue.create_script(DagNodes=graph["DagNodes"], DagEdges=graph["DagEdges"])["PythonScript"]
    assert again == script
    # A graph of nothing is the frame of a script.
    ast.parse(glue.create_script()["PythonScript"])


def test_the_command_line(server):
    told = server.cli(
        "glue", "create-script", "--dag-nodes", json.dumps(NODES[:1]), "--dag-edges", "[]", "--language", "PYTHON"
    )
    script = json.loads(told)["PythonScript"] if isinstance(told, str) else told["PythonScript"]
    assert "datasource0 = glueContext.create_dynamic_frame.from_catalog(" in script


def test_graphs_that_are_none(server):
    create = server.client("glue").create_script
    code, text = refused(create, DagNodes=NODES, DagEdges=EDGES, Language="SCALA")
    assert code == "InvalidInputException" and "SCALA" in text
    code, text = refused(create, DagNodes=[NODES[0] | {"NodeType": "Oracle"}])
    assert (code, text) == ("InvalidInputException", 'Node datasource0: "Oracle" is no type of a node.')
    code, text = refused(create, DagNodes=NODES, DagEdges=[*EDGES, {"Source": "nobody", "Target": "datasink3"}])
    assert (code, text) == ("InvalidInputException", "The edge from nobody to datasink3: there is no node nobody.")
    sly = {"Id": "f", "NodeType": "Filter", "Args": [arg("f", "lambda x: 1)\nimport os\n(0")]}
    code, text = refused(create, DagNodes=[NODES[0], sly], DagEdges=[{"Source": "datasource0", "Target": "f"}])
    assert code == "InvalidInputException" and text.startswith("Node f: the value of f is no Python expression")
    read = server.client("glue").get_dataflow_graph
    assert refused(read)[0] == "InvalidInputException"
    code, text = refused(read, PythonScript="## @type: DataSource\nx = 1\n")
    assert (code, text) == ("InvalidInputException", "Line 1 of the script: @return is missing.")
    assert read(PythonScript="print('nothing is annotated')")["DagNodes"] == []


@pytest.fixture
def tables(server, unique):
    glue, database = server.client("glue"), unique("shop")
    glue.create_database(DatabaseInput={"Name": database})

    def table(name, columns, keys=()):
        as_columns = lambda pairs: [{"Name": column, "Type": of} for column, of in pairs]  # noqa: E731
        glue.create_table(DatabaseName=database, TableInput={
            "Name": name, "StorageDescriptor": {"Columns": as_columns(columns)}, "PartitionKeys": as_columns(keys)})

    table("orders", [("id", "int"), ("who", "struct<name:string,zip:varchar(5)>"), ("lines", "array<bigint>")],
          [("year", "smallint")])
    table("copies", [("ID", "bigint"), ("year", "string"), ("other", "date")])
    return database


def entry(database, table):
    return {"DatabaseName": database, "TableName": table}


def flat(mapping):
    return [(m["SourcePath"], m["SourceType"], m["TargetTable"], m["TargetPath"], m["TargetType"]) for m in mapping]


def test_fields_are_mapped_by_name(server, tables):
    glue = server.client("glue")
    source, sink = entry(tables, "orders"), entry(tables, "copies")
    assert flat(glue.get_mapping(Source=source, Sinks=[sink])["Mapping"]) == [
        ("id", "int", "copies", "ID", "long"),
        ("year", "short", "copies", "year", "string"),
    ]
    elsewhere = {"S3": [arg("path", "s3://somewhere/")]}
    mapping = glue.get_mapping(Source=source, Location=elsewhere)["Mapping"]
    assert flat(mapping) == [
        ("id", "int", "orders", "id", "int"),
        ("who.name", "string", "orders", "who.name", "string"),
        ("who.zip", "string", "orders", "who.zip", "string"),
        ("lines", "array", "orders", "lines", "array"),
        ("year", "short", "orders", "year", "short"),
    ]
    assert {m["SourceTable"] for m in mapping} == {"orders"}
    for missing in ({"Source": entry(tables, "nobody")}, {"Source": source, "Sinks": [entry("nowhere", "copies")]}):
        code, text = refused(glue.get_mapping, **missing)
        assert code == "EntityNotFoundException" and "not found" in text


def test_a_mapping_tells_of_tables_that_one_may_see(server, tables):
    source = entry(tables, "orders")
    user = server.user(statement("glue:GetMapping"))
    code, text = refused(server.client("glue", user).get_mapping, Source=source)
    assert code == "AccessDeniedException" and "glue:GetTable" in text
    user = server.user(statement(["glue:GetMapping", "glue:GetTable"]))
    assert server.client("glue", user).get_mapping(Source=source)["Mapping"]


def test_plans(server, tables):
    glue = server.client("glue")
    source, sink = entry(tables, "orders"), entry(tables, "copies")
    mapping = glue.get_mapping(Source=source, Sinks=[sink])["Mapping"]
    answer = glue.get_plan(Mapping=mapping, Source=source, Sinks=[sink],
                           AdditionalPlanOptionsMap={"inferSchema": "true"})
    script = answer["PythonScript"]
    ast.parse(script)
    assert 'additional_options = {"inferSchema": "true"}' in script
    assert 'mappings = [("id", "int", "ID", "long"), ("year", "short", "year", "string")]' in script
    graph = glue.get_dataflow_graph(PythonScript=script)
    assert [node["NodeType"] for node in graph["DagNodes"]] == [
        "DataSource", "ApplyMapping", "SelectFields", "ResolveChoice", "ResolveChoice", "DataSink"]

    place = {"S3": [arg("path", "s3://somewhere/"), arg("format", "json"), arg("compression", '"gzip"')]}
    script = glue.get_plan(Mapping=mapping, Source=source, Location=place)["PythonScript"]
    ast.parse(script)
    assert ('connection_type = "s3", connection_options = {"path": "s3://somewhere/", "compression": "gzip"}, '
            'format = "json"') in script
    place = {"Jdbc": [arg("catalog_connection", "erp"), arg("dbtable", "t"), arg("database", "d")]}
    script = glue.get_plan(Mapping=mapping, Source=source, Location=place, Language="PYTHON")["PythonScript"]
    assert "write_dynamic_frame.from_jdbc_conf(" in script and 'choice = "make_cols"' in script

    def wrong(**arguments):
        return refused(glue.get_plan, **{"Mapping": mapping, "Source": source, "Sinks": [sink]} | arguments)

    code, text = wrong(Language="SCALA")
    assert code == "InvalidInputException" and "SCALA" in text
    assert wrong(AdditionalPlanOptionsMap={"speed": "high"}) == (
        "InvalidInputException", "The plan option speed with the value high is not known.")
    assert wrong(Sinks=[entry(tables, "other")])[1] == "A mapping leads to copies, which is no sink."
    assert wrong(Mapping=[{"SourcePath": "id"}])[0] == "InvalidInputException"
