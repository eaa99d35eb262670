"""Judges rendered ParallelCluster configurations with the real package, offline.

    judge.py CASES BROKEN

Of each case: the package's own loader and schema accept it, and the rights that its own objects
then derive for every node are those of the row, no more and no less. Version 2's keys go through
the package's own converter. A configuration that says what is missing is refused as it is and
accepted with exactly that filled in. Every file of BROKEN is refused for the reason in its first
line.

The schema does not know whether a region, a subnet or an instance type exists; that needs AWS.
"""

import copy
import hashlib
import json
import logging
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

os.environ.update(
    AWS_DEFAULT_REGION="eu-west-1",
    AWS_ACCESS_KEY_ID="none",
    AWS_SECRET_ACCESS_KEY="none",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
)
warnings.filterwarnings("ignore")
logging.disable()

import botocore.client
from pcluster.models.common import parse_config
from pcluster.schemas.cluster_schema import ClusterSchema


def no_calls(_client, operation, _arguments):
    raise AssertionError(f"the judge called AWS: {operation}")


botocore.client.BaseClient._make_api_call = no_calls

SUBNET = "subnet-0123456789abcdef0"
# What somebody would fill in, by the end of the path.
FILLED_IN = {
    "Image.Os": "alinux2023",
    "InstanceType": "c5.large",
    "Networking.SubnetId": SUBNET,
    "Networking.SubnetIds": [SUBNET],
    "ComputeResources": [{"Name": "one", "InstanceType": "c5.large"}],
    "Count": 1,
    "Name": "name",
}
FOLDERS = {
    # sha256sum of the names in the corpus.
    "anna": "55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503",
}


def load(text):
    """The package's own object of a configuration; raises if it is refused."""
    return ClusterSchema(cluster_name="x").load(copy.deepcopy(parse_config(text)))


def refusal(text):
    """Why the package refuses a configuration, or None."""
    try:
        load(text)
    except Exception as error:  # whatever it raises is a refusal
        return f"{type(error).__name__}: {error}"
    return None


def fill_in(config, path):
    *parents, last = re.findall(r"[^.\[\]]+", path)
    for step in parents:
        config = config[int(step)] if step.isdigit() else config.setdefault(step, {})
    assert config.get(last) is None, f"{path} is said to be missing and is not"
    key = next(key for key in FILLED_IN if path.endswith(key))
    config[last] = copy.deepcopy(FILLED_IN[key])


def folder(user):
    return FOLDERS.get(user) or hashlib.sha256(user.encode()).hexdigest()


def rights(spec, bucket):
    """What the row says, as the resources that may be read and written."""
    users = spec.get("users")
    writes = spec["access"] == "READ_WRITE"
    if users:
        objects = {f"{bucket}/user/custom/{folder(user)}/*" for user in users}
        return (set() if writes else objects), (objects if writes else set())
    return {bucket, f"{bucket}/*"}, ({f"{bucket}/*"} if writes else set())


def granted(node, bucket):
    """What ParallelCluster makes of a node's S3Access, as far as the bucket is concerned."""
    read, write = set(), set()
    for entry in node.iam.s3_access or []:
        resources = {one for one in entry.resource_regex if one.split("/")[0] == bucket}
        (write if entry.enable_write_access else read).update(resources)
    return read, write


def policies_of(node):
    found = node.iam.additional_iam_policies or []
    return {one.policy.rsplit("/")[-1] for one in found if "/parallelcluster-" in one.policy}


def judge_nodes(case, cluster):
    spec, bucket = case["spec"], case["bucket"]
    needs_beside = bool(spec.get("users")) or "kms" in case["name"]
    nodes = [cluster.head_node, *cluster.scheduling.queues]
    for node in nodes:
        if node.iam.instance_role or node.iam.instance_profile:
            assert not node.iam.s3_access and not node.iam.additional_iam_policies
            continue
        assert granted(node, bucket) == rights(spec, bucket), (node, granted(node, bucket))
        names = policies_of(node)
        assert bool(names) == needs_beside, names
        assert all(name.endswith(".beside-s3access") for name in names), names
        assert names <= case["policies"].keys(), names
    for pool in cluster.login_nodes.pools if cluster.login_nodes else []:
        (name,) = policies_of(pool)
        assert name.endswith(".instead-of-s3access") and name in case["policies"]
    tags = {tag.key: tag.value for tag in cluster.tags}
    assert tags["streamkeeper:environment"] == "cfd" and "streamkeeper:uid" not in tags
    users = spec.get("users") or []
    assert tags.get("appstream-user") == (users[0] if len(users) == 1 else None), tags


def judge_own(case, config):
    """What the user wrote is still there, as the real loader reads it."""

    def within(part, whole, path):
        if isinstance(part, dict):
            for key, value in part.items():
                if value is not None:
                    within(value, whole[key], f"{path}.{key}")
        elif isinstance(part, list):
            for one, other in zip(part, whole):
                within(one, other, path)
            assert len(whole) >= len(part), path
        else:
            assert part == whole and type(part) is type(whole), (path, part, whole)

    within(case["spec"].get("config") or {}, config, "")


VERSION_2 = """\
[global]
cluster_template = cfd
[aws]
aws_region_name = eu-west-1
{keys}
key_name = key
base_os = alinux2
scheduler = slurm
master_instance_type = c5.large
vpc_settings = vpc
queue_settings = queue
[queue queue]
compute_resource_settings = one
[compute_resource one]
instance_type = c5.large
[vpc vpc]
vpc_id = vpc-0123456789abcdef0
master_subnet_id = subnet-0123456789abcdef0
"""


def judge_version2(keys, spec, bucket):
    with tempfile.TemporaryDirectory() as directory:
        old, new = (pathlib.Path(directory, name) for name in ("old.ini", "new.yaml"))
        old.write_text(VERSION_2.format(keys=keys))
        converter = "pcluster3_config_converter.pcluster3_config_converter"
        subprocess.run(
            [sys.executable, "-B", "-m", converter, "-c", old, "-o", new, "--force-convert"],
            check=True,
            capture_output=True,
        )
        # Only the operating system of version 2 is one that version 3.16.1 has no more.
        converted = new.read_text().replace("Os: alinux2\n", "Os: alinux2023\n")
    head = load(converted).head_node
    users = spec.get("users") or []
    writes = spec["access"] == "READ_WRITE"
    expected = (set(), set())
    if len(users) < 2:
        resources = {bucket, f"{bucket}/*"}
        if users:
            resources = {f"{bucket}/user/custom/{folder(users[0])}/*"}
        expected = (set(), resources) if writes else (resources, set())
    assert granted(head, bucket) == expected, granted(head, bucket)
    assert len(users) < 2 or policies_of(head), "several users have a policy instead"


def judge_case(case):
    text = case["config"]
    config = parse_config(text)
    judge_own(case, config)
    (missing,) = re.findall(r"^# Missing, yours to add: (.*)\.$", text, re.M) or [""]
    if missing:
        assert refusal(text), "it says that something is missing, and is accepted without"
        for path in missing.split(", "):
            fill_in(config, path)
        text = json.dumps(config)
    judge_nodes(case, load(text))


def main(cases, broken):
    failures, judged, converted = [], 0, set()
    for path in sorted(cases.glob("*.json")):
        case = json.loads(path.read_text()) | {"name": path.stem}
        try:
            judge_case(case)
            # The keys do not depend on the user's own configuration.
            if case["version2"] not in converted:
                converted.add(case["version2"])
                judge_version2(case["version2"], case["spec"], case["bucket"])
        except Exception as error:
            failures.append(f"{path.stem}: {type(error).__name__}: {error}")
        judged += 1
    refused = 0
    for path in sorted(broken.iterdir()):
        text = path.read_text()
        expected = text.splitlines()[0].removeprefix("# refused: ")
        found = refusal(text)
        if found is None or expected not in found:
            failures.append(f"{path.name}: refused with {expected!r}? {found}")
        refused += 1
    for failure in failures:
        print(failure, file=sys.stderr)
    print(
        f"{judged} configurations, {len(converted)} sections of version 2 and {refused} broken "
        f"ones judged: {len(failures)} wrongly"
    )
    return 1 if failures or judged == 0 or refused == 0 else 0


if __name__ == "__main__":
    sys.exit(main(*map(pathlib.Path, sys.argv[1:])))
