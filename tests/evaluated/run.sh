#!/bin/sh
# Has judges that are not ours look at where the walkthrough ends.
#
#   tests/evaluated/run.sh
#
# The scenario writes down the policies that are then in force, and what must be allowed and denied
# under them, for an evaluator of IAM policies; and the cluster's configuration, for the real
# aws-parallelcluster package. The evaluator is @cloud-copilot/iam-simulate: a program beside ours, under its own
# licence (AGPL-3.0), no part of what is built. Needs Node.js 20, and npm for the first run.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
stage=$target/evaluated
cases=$target/evaluated-cases

# The lock file is copied last: it marks an installation that is complete and current.
mkdir -p "$stage"
if ! cmp -s "$here/package-lock.json" "$stage/installed"; then
    rm -rf "$stage"
    mkdir -p "$stage"
    cp "$here/package.json" "$here/package-lock.json" "$stage/"
    (cd "$stage" && npm ci --silent --no-audit --no-fund)
    cp "$here/package-lock.json" "$stage/installed"
fi

rm -rf "$cases"
mkdir -p "$cases"
(cd "$root" && EVALUATED_DIR=$cases cargo test --quiet --locked --workspace \
    --test scenarios walkthrough::)

cp "$here/evaluate.mjs" "$stage/"
node "$stage/evaluate.mjs" "$cases/requests"
exec "$root/tests/judged/run.sh" "$cases/configuration"
