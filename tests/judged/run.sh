#!/bin/sh
# Has the real aws-parallelcluster package judge every configuration that the tests render.
#
#   tests/judged/run.sh           all that the core's tests render
#   tests/judged/run.sh CASES     cases that somebody else wrote down
#
# Accepted must be all that `cluster::tests::corpus` writes down, and refused everything in broken/.
# Needs python3 with venv, and PyPI for the first run; no AWS account, and no network after that.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
venv=$target/judged-venv
cases=$target/judged-cases

# The copy of the requirements is written last: it marks a venv that is complete and current.
# --no-deps, because the package asks for much more than its schema needs.
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
        -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/requirements.txt"
fi

if [ $# -gt 0 ]; then
    exec "$venv/bin/python" -B "$here/judge.py" "$1" "$here/broken"
fi

rm -rf "$cases"
mkdir -p "$cases"
(cd "$root" && JUDGED_DIR=$cases cargo test --quiet --locked --workspace --lib \
    cluster::tests::corpus)

# -B: no __pycache__ in the source tree.
exec "$venv/bin/python" -B "$here/judge.py" "$cases" "$here/broken"
