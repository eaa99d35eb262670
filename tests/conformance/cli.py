"""Drives the simulator with the real AWS CLI."""

import json
import os
import subprocess
import sys

import wire

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Cluster",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::{bucket}/*",
        }
    ],
}


def check(tally, url):
    """Plays a short script; the last step sees what the first ones made."""
    cli = Cli(tally, url)
    identity = cli.ask("sts", "get-caller-identity")
    cli.expect("sts account", identity.get("Account"), "111122223333")

    cli.ask(
        *("appstream", "create-fleet", "--name", "cli", "--image-name", "pcluster-2026-11"),
        *("--instance-type", "stream.standard.medium", "--tags", "made=cli"),
        *("--compute-capacity", "DesiredInstances=1"),
    )
    cli.ask(
        *("appstream", "create-stack", "--name", "cli"),
        *("--storage-connectors", "ConnectorType=HOMEFOLDERS"),
    )
    cli.ask("appstream", "associate-fleet", "--fleet-name", "cli", "--stack-name", "cli")
    fleets = cli.ask("appstream", "describe-fleets", "--names", "cli")["Fleets"]
    cli.expect("fleet's state", fleets[0]["State"], "STOPPED")
    stacks = cli.ask("appstream", "list-associated-stacks", "--fleet-name", "cli")
    cli.expect("associated stacks", stacks["Names"], ["cli"])
    found = wire.wait_for(lambda: cli.tagged("made", fleets[0]["Arn"]))
    cli.expect("fleet found by its tag", found, True)

    found = wire.wait_for(lambda: cli.home_bucket())
    cli.expect("home bucket is there", found, True)
    bucket = cli.home_bucket()
    policy = json.dumps(POLICY).replace("{bucket}", bucket)
    cli.ask("s3api", "put-bucket-policy", "--bucket", bucket, "--policy", policy)
    answer = cli.ask("s3api", "get-bucket-policy", "--bucket", bucket)
    cli.expect("policy as written", json.loads(answer["Policy"]), json.loads(policy))

    cli.refused("ResourceNotFoundException", "appstream", "describe-stacks", "--names", "none")
    cli.refused("ResourceInUseException", "appstream", "delete-stack", "--name", "cli")
    cli.refused("NoSuchBucket", "s3api", "get-bucket-policy", "--bucket", "nobody-has-this-one")


class Cli:
    """The AWS CLI of this environment, at one endpoint."""

    def __init__(self, tally, url):
        self.tally = tally
        self.command = [
            *(sys.executable, "-m", "awscli", "--endpoint-url", url),
            *("--region", wire.REGION, "--output", "json"),
        ]
        self.environment = os.environ | {
            "AWS_ACCESS_KEY_ID": wire.CREDENTIALS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": wire.CREDENTIALS["aws_secret_access_key"],
            "AWS_MAX_ATTEMPTS": "1",
        }

    def run(self, *arguments):
        return subprocess.run(
            [*self.command, *arguments], capture_output=True, text=True, env=self.environment
        )

    def ask(self, *arguments):
        """A call that must succeed and print JSON, or nothing where there is nothing to print."""
        done = self.run(*arguments)
        found = []
        output = {}
        if done.returncode:
            found.append(done.stderr.strip())
        elif done.stdout.strip():
            output = json.loads(done.stdout)
        self.tally.note(f"aws {' '.join(arguments[:2])}", found)
        return output

    def refused(self, code, *arguments):
        """A call that must fail with this code."""
        done = self.run(*arguments)
        found = []
        if done.returncode == 0:
            found.append("was not refused")
        elif f"({code})" not in done.stderr:
            found.append(f"{code} is not in: {done.stderr.strip()}")
        self.tally.note(f"aws {' '.join(arguments[:2])} refused with {code}", found)

    def expect(self, what, value, expected):
        found = [] if value == expected else [f"{value!r} instead of {expected!r}"]
        self.tally.note(f"aws: {what}", found)

    def tagged(self, key, arn):
        done = self.run("resourcegroupstaggingapi", "get-resources", "--tag-filters", f"Key={key}")
        return done.returncode == 0 and arn in done.stdout

    def home_bucket(self):
        done = self.run("s3api", "list-buckets", "--prefix", "appstream2-36fb080bb8-")
        buckets = json.loads(done.stdout or "{}").get("Buckets") or []
        return buckets[0]["Name"] if buckets else None
