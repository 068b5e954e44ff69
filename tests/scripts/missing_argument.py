"""Wants an argument that the job does not have."""

import sys

from awsglue.utils import getResolvedOptions

args = getResolvedOptions(sys.argv, ["JOB_NAME", "target", "day"])
print(args["day"])
