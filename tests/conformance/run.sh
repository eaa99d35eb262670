#!/bin/sh
# Checks the simulator against botocore's service models, with boto3 and the AWS CLI.
#
#   tests/conformance/run.sh [path of the streamkeeper-simulator binary]
#
# Without a path the binary is built. Needs python3 with venv, and PyPI for the first run.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
venv=${CONFORMANCE_VENV:-$target/conformance-venv}

simulator=${1:-}
if [ -z "$simulator" ]; then
    (cd "$root" && cargo build --quiet --package streamkeeper-simulator)
    simulator=$target/debug/streamkeeper-simulator
fi

# The copy of the requirements is written last: it marks a venv that is complete and current.
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/requirements.txt"
fi

# -B: no __pycache__ in the source tree.
exec "$venv/bin/python" -B "$here/check.py" "$simulator"
