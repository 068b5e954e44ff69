"""Files of CSV and JSON as they come: options of readers, records that do not fit, types that are found."""

import gzip
import sys

import boto3
from pyspark.sql import SparkSession

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.getOrCreate()
base, s3 = f"s3://{given['--target']}/reading", boto3.client("s3")


def put(key, body):
    s3.put_object(Bucket=given["--target"], Key=f"reading/{key}", Body=body if isinstance(body, bytes) else body.encode())


def show(what, frame):
    print(f"{what}:", ", ".join(f"{name} {kind}" for name, kind in frame.dtypes))
    for row in sorted(tuple(map(str, row)) for row in frame.collect()):
        print(*(text.replace("\r", "\\r").replace("\n", "\\n") for text in row), sep=" | ")


def csv(what, key, header=True, **options):
    show(what, spark.read.csv(f"{base}/{key}/", header=header, **options))


def json(what, key, schema=None, **options):
    reader = spark.read if schema is None else spark.read.schema(schema)
    for name, value in options.items():
        reader = reader.option(name, value)
    show(what, reader.json(f"{base}/{key}/"))


put("quotes/a.csv", 'a,b,c\n"",,x\n"a""b",2,3\n"a\\"b","c\\d","e\\\\f"\n"a"b,c"d,"e" \n "x" , y ,z\nNA,"NA",\n1\n1,2,3,4\n"open,2,3\n#c,2,3\n  \n')
csv("quotes", "quotes")
csv("nulls", "quotes", nullValue="NA")
csv("escape", "quotes", escape='"')
csv("no quotes", "quotes", quote="")
csv("trimmed", "quotes", ignoreLeadingWhiteSpace=True, ignoreTrailingWhiteSpace=True)
csv("empty", "quotes", emptyValue="EMPTY")
csv("comment", "quotes", comment="#", mode="DROPMALFORMED")
put("kinds/a.csv", "int,big,dec,dbl,day,at,yes,mix,both,nul,inf,sp,plus,hex,dd\n"
    "1,3000000000,12345678901234567890,1.5,2024-01-02,2024-01-02T03:04:05,true,1,2024-01-02,,NaN, 1,+1,0x1,1d\n"
    "2,1,1,1e3,2024-02-03,2024-01-02 03:04,FALSE,x,2024-01-02 10:00:00,,Inf,2 ,-1,5,2.0f\n")
csv("kinds", "kinds", inferSchema=True)
put("many/a.csv", "n,text,day\n" + "".join(f"{at},t{at % 7},2024-01-0{1 + at % 9}\n" for at in range(20000)) + "3000000000,,\n7,x\n7,y,2024-01-01,more\n")
many = spark.read.csv(f"{base}/many/", header=True, inferSchema=True)
show("many", many.selectExpr("sum(n) n", "count(text) text", "max(day) day", "count(*) rows"))
put("times/a.csv", "d,t,z\n01.02.2024,01/02/2024 10:11,2024-01-01T00:00:00+02:00\n03.02.2024,13/02/2024 10:11,2024-01-01 00:00:00Z\n")
csv("times", "times", inferSchema=True)
csv("patterns", "times", inferSchema=True, dateFormat="dd.MM.yyyy", timestampFormat="dd/MM/yyyy HH:mm")
put("sep/a.csv", 'a|~|b\n1|~|2|~|3\n"x|~|y"|~|z\n')
csv("separator", "sep", sep="|~|")
put("latin/a.csv", "näme,b\nü,1\n".encode("latin-1"))
csv("encoding", "latin", encoding="ISO-8859-1")
csv("no encoding", "latin")
put("lines/a.csv", 'a,b\n"x\ny",1\n"p\r\nq",2\n\n3\n"a""b",4\n')
csv("several lines", "lines", multiLine=True, inferSchema=True)
put("end/a.csv", "a,b;1,2;3,4")
csv("end", "end", lineSep=";")
put("names/a.csv", "a,,A,b,b,NA\n1,2,3,4,5,6\n")
csv("names", "names", nullValue="NA")
csv("no names", "names", header=False)
put("keyed/y=1/m=a/a.csv.gz", gzip.compress(b"a,b\n1,NA\n2\n"))
put("keyed/y=2/m=b/a.csv", "a,b\n3,4,5\n")
csv("keys", "keyed", nullValue="NA", inferSchema=True)
put("plain/y=1/a.csv", "a,b\n1,x\n2\n")
put("plain/y=2/a.csv", "a,b\n3,z,5\n")
csv("plain keys", "plain")
csv("plain kinds", "plain", inferSchema=True)
csv("plain nulls", "plain", nullValue="x")
put("paths/one.csv", "a,b\n1,2\n")
put("paths/two1.csv", "a,b\na,b\n3,4\n")
show("paths", spark.read.csv([f"{base}/paths/one.csv", f"{base}/paths/two*.csv"], header=True))
show("schema", spark.read.schema("a int, b string, y string, _corrupt_record string").csv(f"{base}/keyed/", header=True))
show("lines and schema", spark.read.schema("a string, b int, _corrupt_record string").csv(f"{base}/lines/", header=True, multiLine=True))

put("odd/a.json", '{"z": 1, "a": {"y": 2, "b": [1, 2.5]}, "n": null, "e": [], "eo": {}}\n{"z": "x", "a": {"c": true}, "e": [{"q": 1}]}\n\n  \n{broken\n'
    '[{"z": 5}, {"z": 6}]\n7\n{"z2": 12345678901234567890, "f": 1.5, "t": true, "d": "2024-01-01", "ts": "2024-01-01T00:00:00"}\n{"f": 2} trailing\n')
json("fields", "odd")
json("bad", "odd", columnNameOfCorruptRecord="bad")
json("dropped", "odd", mode="DROPMALFORMED", primitivesAsString=True, dropFieldIfAllNull=True)
json("timestamps", "odd", inferTimestamp=True)
put("array/a.json", '[\n {"a": 1, "b": "x\\ny"},\n {"b": "two", "a": null}]')
put("pretty/a.json", '{\n "a": 1,\n "b": {"c": [1,\n 2]}\n}\n')
put("pretty/b.json", '{"a": \n')
json("array", "array", multiLine=True)
json("pretty", "pretty", multiLine=True)
json("pretty and schema", "pretty", "a int, _corrupt_record string", multiLine=True)
put("rules/a.json", "{'a': 1, b: 2} // c\n{\"a\": 01, \"b\": 'x'} /* c */\n{\"a\": NaN, \"b\": Infinity}\n{\"a\": \"x\\'y\\qz\"}\n{\"a\": \"tab\there\"}\n")
json("rules", "rules")
json("comments", "rules", allowComments=True, allowUnquotedFieldNames=True)
json("zeros", "rules", allowNumericLeadingZeros=True, allowComments=True)
json("escapes", "rules", allowBackslashEscapingAnyCharacter=True)
json("controls", "rules", allowUnquotedControlChars=True)
put("wide/a.json", '{"a": "ü"}\n{"a": "ö"}'.encode("utf-16-le"))
json("wide", "wide", encoding="UTF-16LE", lineSep="\n")
put("bars/a.json", '{"a": 1}||{"a": 2}')
json("bars", "bars", lineSep="||")
put("types/a.json", '{"i": 1.0, "l": "8", "s": 5, "d": "2024-01-02", "t": "2024-01-02 03:04", "x": 1, "dec": 1.256, "a": [1, "x"], "st": {"n": "x", "m": 1}}\n'
    '{"i": 3000000000, "l": 1, "s": true, "d": "02.01.2024", "t": 1704164640, "x": "NaN", "dec": "1.5", "a": 5, "st": [{"n":1}]}\n'
    '{"i": 1, "i": 2, "d": "2024-01", "t": "2024", "x": "Infinity", "l": 1e2, "dec": 99999}\n{"x": "1.5", "s": "t", "st": {"n": 3}, "a": [1, null]}\n')
columns = "i int, l bigint, s string, d date, t timestamp, x double, dec decimal(5,2), a array<int>, st struct<n:int,m:int>"
json("types", "types", f"{columns}, _corrupt_record string")
json("patterns", "types", "d date, i string", dateFormat="dd.MM.yyyy")
put("even/a.json", "".join(f'{{"n": {at}, "t": "x{at % 3}", "in": {{"v": {at}.5}}}}\n' for at in range(20000)) + '{"n": 1.5, "in": {"w": []}}\n')
show("even", spark.read.json(f"{base}/even/").selectExpr("sum(n) n", "count(t) t", "max(in.v) v", "count(in.w) w"))
put("keyed_json/y=1/a.json.gz", gzip.compress(b'{"b": 1, "a": "x"}\n'))
put("keyed_json/y=2/a.json", '{"b": "y"}\n')
json("json keys", "keyed_json")

for name, options in (("csv", {"modifiedAfter": "2024-01-01"}), ("csv", {"encoding": "klingon"}), ("csv", {"unescapedQuoteHandling": "RAISE_ERROR"}),
                      ("csv", {"mode": "FAILFAST"}), ("json", {"mode": "FAILFAST"})):
    place = "quotes" if name == "csv" else "odd"
    try:
        spark.read.format(name).options(header=True, **options).load(f"{base}/{place}/").collect()
    except Exception as error:
        print(next((line for line in str(error).splitlines()[::-1] if "option" in line or "FAILFAST" in line), str(error))[:60])
