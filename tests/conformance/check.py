"""Checks that a running simulator answers as botocore's service models say AWS does.

usage: check.py SIMULATOR_BINARY

The inputs it accepts are compared with the models' inputs. Then every operation it offers is called
with boto3, AppStream's and the tagging API's over each of their two protocols; each answer is
compared, undecorated, with the output shape, and each error with what AWS declares for the
operation. A few calls go through the real AWS CLI.
"""

import os
import subprocess
import sys

import cli
import inputs
import raw
import steps
import wire

#: boto3's names for the services, by the simulator's.
SERVICES = {
    "appstream": "appstream",
    "tagging": "resourcegroupstaggingapi",
    "application-autoscaling": "application-autoscaling",
    "cloudformation": "cloudformation",
    "sts": "sts",
    "iam": "iam",
    "s3": "s3",
}

#: Fast enough for a fleet to start in a fraction of a second.
TIME_SCALE = "3600"
#: Small enough for every list to have more than one page.
PAGE_SIZE = "2"


class Tally:
    """Counts what held and prints what did not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def note(self, what, found):
        """One check: it holds when nothing was found."""
        if found:
            self.failed += 1
            for fault in found:
                print(f"FAILED {what}: {fault}", flush=True)
        else:
            self.passed += 1


def check_protocol(tally, binary, protocol, naming):
    """Plays the whole script over one protocol, on a simulator of its own."""
    arguments = (
        *("--time-scale", TIME_SCALE, "--page-size", PAGE_SIZE, "--naming", naming),
        *("--role", "arn:aws:iam::444455556666:role/streamkeeper=one/of:ours"),
    )
    with wire.Simulator(binary, *arguments) as simulator:
        script = steps.Script(tally, wire.Wire(simulator.url, protocol), simulator)
        script.play()
        offered = subprocess.run(
            [binary, "--operations"], check=True, capture_output=True, text=True
        )
        for line in offered.stdout.splitlines():
            service, operation = line.split()
            called = (SERVICES[service], operation) in script.succeeded
            found = [] if called else ["offered, but never called with success"]
            tally.note(f"{protocol} {service} {operation} is covered", found)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    binary = os.path.abspath(sys.argv[1])
    # Nothing of the caller's may leak in: profiles, endpoints, regions.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.devnull
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

    tally = Tally()
    steps.check_the_checker(tally)
    clients = wire.Wire("http://127.0.0.1:9", "json")
    inputs.check(tally, binary, clients.client, SERVICES)
    check_protocol(tally, binary, "smithy-rpc-v2-cbor", "v2")
    check_protocol(tally, binary, "json", "v1")
    with wire.Simulator(binary, "--time-scale", TIME_SCALE) as simulator:
        raw.check(tally, simulator.url)
        cli.check(tally, simulator.url)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
