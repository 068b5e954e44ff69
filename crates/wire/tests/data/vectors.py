"""Writes wire.json beside this file: requests serialised by botocore, and answers it has parsed.

Run once, by hand: `python3 vectors.py`. Needs botocore. `value` is JSON that holds moments as epoch seconds and
blobs as base64.
"""

import base64
import datetime
import json
import pathlib
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import botocore.parsers
import botocore.serialize
import botocore.session
from botocore.utils import percent_encode_sequence

SESSION = botocore.session.get_session()
WHEN = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)

REQUESTS = [
    ("glue", "GetTable", {"DatabaseName": "db", "Name": "t"}),
    ("glue", "CreateTable", {
        "DatabaseName": "db",
        "TableInput": {
            "Name": "täble \"quoted\" \\ 漢", "LastAccessTime": WHEN, "Retention": 3,
            "StorageDescriptor": {
                "Columns": [{"Name": "a", "Type": "bigint", "Comment": "line\nbreak\ttab\x01"}, {"Name": "b"}],
                "Compressed": False, "NumberOfBuckets": -1,
                "SerdeInfo": {"Parameters": {"field.delim": ",", "e": ""}},
                "SortColumns": [], "Parameters": {},
            },
            "PartitionKeys": [{"Name": "p", "Type": "string"}],
        },
    }),
    ("glue", "GetPartitions", {
        "DatabaseName": "d", "TableName": "t", "Expression": "p > 'x'", "QueryAsOfTime": WHEN,
        "Segment": {"SegmentNumber": 0, "TotalSegments": 2}, "MaxResults": 100,
    }),
    ("glue", "StartJobRun", {"JobName": "j", "Arguments": {"--k": "v", "--empty": ""}, "MaxCapacity": 0.0625}),
    ("logs", "PutLogEvents", {
        "logGroupName": "g", "logStreamName": "s",
        "logEvents": [{"timestamp": 1767323045123, "message": "hello\u2028 world"}],
    }),
    ("iam", "CreateRole", {
        "RoleName": "r", "AssumeRolePolicyDocument": '{"Version": "2012-10-17", "Statement": []}',
        "MaxSessionDuration": 7200, "Tags": [{"Key": "a b", "Value": "&=+%é"}, {"Key": "c", "Value": ""}],
    }),
    ("iam", "UntagRole", {"RoleName": "r", "TagKeys": []}),
    ("iam", "ListRoles", {"PathPrefix": "/x/", "MaxItems": 7}),
    ("sts", "AssumeRole", {
        "RoleArn": "arn:aws:iam::111122223333:role/rrrrr", "RoleSessionName": "session",
        "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/A"}, {"arn": "arn:aws:iam::aws:policy/B"}],
        "DurationSeconds": 900,
        "TransitiveTagKeys": ["a", "b"], "ExternalId": "x/yz",
    }),
    ("sts", "GetCallerIdentity", {}),
    ("access-analyzer", "CreateAnalyzer", {
        "analyzerName": "a", "type": "ACCOUNT", "tags": {"k": "v"},
        "archiveRules": [{"ruleName": "r", "filter": {"isPublic": {"eq": ["true"], "exists": True}}}],
    }),
    ("access-analyzer", "ListAnalyzers", {"maxResults": 7, "type": "ACCOUNT", "nextToken": "a b+c/=é"}),
    ("access-analyzer", "TagResource", {
        "resourceArn": "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/a b%", "tags": {"a": ""},
    }),
    ("access-analyzer", "UntagResource", {
        "resourceArn": "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/x", "tagKeys": ["a", "b&c"],
    }),
    ("access-analyzer", "GetGeneratedPolicy", {"jobId": "j", "includeServiceLevelTemplate": True}),
    ("access-analyzer", "StartPolicyGeneration", {
        "policyGenerationDetails": {"principalArn": "arn:aws:iam::111122223333:role/r"},
        "cloudTrailDetails": {
            "trails": [{"cloudTrailArn": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t", "allRegions": True}],
            "accessRole": "arn:aws:iam::111122223333:role/s", "startTime": WHEN, "endTime": WHEN,
        },
    }),
    ("access-analyzer", "UpdateArchiveRule", {"analyzerName": "a", "ruleName": "r/s", "filter": {}}),
    ("access-analyzer", "ListFindingsV2", {"analyzerArn": "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/x"}),
]

ANSWERS = [
    ("access-analyzer", "GetAnalyzer", {"analyzer": {
        "arn": "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/a", "name": "a", "type": "ACCOUNT",
        "createdAt": WHEN, "status": "ACTIVE", "tags": {},
    }}),
    ("access-analyzer", "TagResource", {}),
    ("glue", "GetTable", {"Table": {
        "Name": "t", "DatabaseName": "db", "CreateTime": WHEN, "Retention": 0,
        "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}], "Compressed": True},
        "Parameters": {"k": "v"}, "IsRegisteredWithLakeFormation": False,
    }}),
    ("glue", "GetJobRun", {"JobRun": {"Id": "jr_1", "MaxCapacity": 0.5, "ExecutionTime": 12, "StartedOn": WHEN}}),
    ("iam", "GetRole", {"Role": {
        "Path": "/", "RoleName": "r", "RoleId": "AROA", "Arn": "arn:aws:iam::111122223333:role/r",
        "CreateDate": WHEN, "AssumeRolePolicyDocument": "%7B%22a%22%3A%20%22%3C%26%3E%22%7D",
        "Description": "<&>\"' \r\n é", "MaxSessionDuration": 3600,
        "Tags": [{"Key": "k", "Value": ""}, {"Key": "l", "Value": "m"}],
    }}),
    ("iam", "ListRoles", {"Roles": [], "IsTruncated": False}),
    ("iam", "ListUserPolicies", {"PolicyNames": ["a", "b c"], "IsTruncated": True, "Marker": "m=="}),
    ("iam", "UpdateRole", {}),
    ("iam", "DeleteUser", {}),
    ("sts", "AssumeRole", {
        "Credentials": {
            "AccessKeyId": "ASIA", "SecretAccessKey": "s/+", "SessionToken": "t==", "Expiration": WHEN,
        },
        "AssumedRoleUser": {"AssumedRoleId": "AROA:s", "Arn": "arn:aws:sts::111122223333:assumed-role/r/s"},
        "PackedPolicySize": 6,
    }),
]


def model(service):
    return SESSION.get_service_model(service.replace("-", ""))


def plain(value, iso=False):
    if isinstance(value, dict):
        return {k: plain(v, iso) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v, iso) for v in value]
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ") if iso else value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def request(service, operation, params):
    described = model(service)
    serializer = botocore.serialize.create_serializer(described.metadata["protocol"], include_validation=True)
    made = serializer.serialize_to_request(params, described.operation_model(operation))
    body = made["body"]
    if isinstance(body, dict):
        body = urlencode(body)
    if isinstance(body, bytes):
        body = body.decode()
    target = made["headers"].get("X-Amz-Target")
    rest = described.metadata["protocol"] == "rest-json"
    out = {"service": service, "operation": operation, "value": json.dumps(plain(params, rest)), "body": body, "target": target}
    if rest:
        query = percent_encode_sequence(made["query_string"])
        out["method"] = made["method"]
        out["path"] = made["url_path"] + ("?" + query if query else "")
    return out


def xml(shape, value):
    if shape.type_name == "structure":
        parts = []
        for name, member in shape.members.items():
            if name in value:
                wire = member.serialization.get("name", name)
                parts.append(f"<{wire}>{xml(member, value[name])}</{wire}>")
        return "".join(parts)
    if shape.type_name == "list":
        return "".join(f"<member>{xml(shape.member, item)}</member>" for item in value)
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if shape.type_name == "timestamp":
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return escape(str(value), {'"': "&quot;", "\r": "&#xD;"})


def answer(service, operation, params):
    described = model(service)
    op = described.operation_model(operation)
    rest = described.metadata["protocol"] == "rest-json"
    if described.metadata["protocol"] == "query":
        namespace = described.metadata["xmlNamespace"]
        inner = ""
        if op.output_shape is not None:
            inner = f"<{operation}Result>{xml(op.output_shape, params)}</{operation}Result>"
        body = (
            f'<{operation}Response xmlns="{namespace}">{inner}<ResponseMetadata><RequestId>id-1</RequestId>'
            f"</ResponseMetadata></{operation}Response>"
        )
    else:
        body = json.dumps(plain(params, rest), ensure_ascii=False, separators=(",", ":"))
    parser = botocore.parsers.create_parser(described.metadata["protocol"])
    parsed = parser.parse({"status_code": 200, "headers": {}, "body": body.encode()}, op.output_shape)
    parsed.pop("ResponseMetadata")
    assert plain(parsed) == plain(params), (operation, parsed)
    return {"service": service, "operation": operation, "value": json.dumps(plain(params, rest)), "body": body}


def main():
    data = {"requests": [request(*r) for r in REQUESTS], "answers": [answer(*a) for a in ANSWERS]}
    path = pathlib.Path(__file__).with_name("wire.json")
    path.write_text(json.dumps(data, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
