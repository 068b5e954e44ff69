"""Arguments of jobs, and what transforms say of themselves."""

import pytest

from awsglue import transforms
from awsglue.utils import GlueArgumentError, getResolvedOptions

SCRIPT = "script.py"


def options(*given, asked=(), **more):
    return getResolvedOptions([SCRIPT, *given], list(asked), **more)


def test_what_is_asked_for_is_answered():
    found = options("--JOB_NAME", "j", "--day=1", "--other", "x", asked=["JOB_NAME", "day"])
    assert (found["JOB_NAME"], found["day"]) == ("j", "1") and "other" not in found
    assert found["job_bookmark_option"] == "job-bookmark-disable"
    assert found["JOB_RUN_ID"] is None
    assert options("--a-b", "5", asked=["a-b"])["a_b"] == "5"
    assert options("--JOB_RUN_ID", "jr_1")["JOB_RUN_ID"] == "jr_1"


def test_what_lacks_is_named():
    with pytest.raises(GlueArgumentError, match="the following arguments are required: --day"):
        options("--JOB_NAME", "j", asked=["JOB_NAME", "day"])
    with pytest.raises(GlueArgumentError, match="expected one argument"):
        options("--day", asked=["day"])
    with pytest.raises(GlueArgumentError, match="invalid choice: 'often'"):
        options("--job-bookmark-option", "often")


def test_reserved_names():
    with pytest.raises(RuntimeError, match="Using reserved arguments .*JOB_RUN_ID"):
        options("--JOB_RUN_ID", "x", asked=["JOB_RUN_ID"])
    with pytest.raises(RuntimeError, match="Using reserved arguments"):
        options(asked=["job_bookmark_option"])


def test_both_names_of_the_temporary_folder():
    assert options("--TempDir", "s3://t/", asked=["TempDir"])["RedshiftTempDir"] == "s3://t/"
    assert options("--RedshiftTempDir", "s3://r/", asked=["TempDir"])["TempDir"] == "s3://r/"
    assert options()["TempDir"] is None
    with pytest.raises(GlueArgumentError, match="--TempDir"):
        options(asked=["TempDir"])


def test_bookmark_options():
    assert options("--continuation-option", "continuation-enabled")["job_bookmark_option"] == "job-bookmark-enable"
    assert options("--continuation-option", "continuation-readonly")["job_bookmark_option"] == "job-bookmark-pause"
    assert options("--continuation-option", "continuation-ignore")["job_bookmark_option"] == "job-bookmark-disable"
    pause = ("--job-bookmark-option", "job-bookmark-pause")
    both = options(*pause, "--job-bookmark-from", "1", "--job-bookmark-to", "2")
    assert (both["job_bookmark_from"], both["job_bookmark_to"]) == ("1", "2")
    with pytest.raises(RuntimeError, match="Missing option or value for --job-bookmark-to"):
        options(*pause, "--job-bookmark-from", "1")
    with pytest.raises(RuntimeError, match="Invalid option"):
        options("--job-bookmark-from", "1", "--job-bookmark-to", "2")


def test_shortened_names(monkeypatch):
    monkeypatch.delenv("GLUE_VERSION", raising=False)
    assert options("--day_par", "1", asked=["day_partition"])["day_partition"] == "1"
    monkeypatch.setenv("GLUE_VERSION", "6.0")
    with pytest.raises(GlueArgumentError, match="required: --day_partition"):
        options("--day_par", "1", asked=["day_partition"])
    assert options("--day_par", "1", asked=["day_partition"], allow_abbrev=True)["day_partition"] == "1"
    monkeypatch.setenv("GLUE_VERSION", "5.1")
    with pytest.raises(GlueArgumentError, match="required: --day_partition"):
        options("--day_par", "1", asked=["day_partition"], allow_abbrev=False)


@pytest.mark.parametrize("name", [name for name in transforms.__all__ if name != "GlueTransform"])
def test_transforms_describe_themselves(name):
    transform = getattr(transforms, name)
    assert transform.name() == name and transform.describeTransform()
    arguments = {one["name"]: one for one in transform.describeArgs()}
    assert all(set(one) == {"name", "type", "description", "optional", "defaultValue"} for one in arguments.values())
    assert not next(iter(arguments.values()))["optional"]
    told = transform.describe()["transform"]
    assert told["location"] == "internal" and set(told["returns"]) == {"type", "description"}
    assert told["raises"][0]["type"]


def test_the_base_describes_nothing():
    with pytest.raises(NotImplementedError):
        transforms.GlueTransform.describeArgs()
    with pytest.raises(NotImplementedError):
        transforms.GlueTransform.apply()
