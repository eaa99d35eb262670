#!/bin/sh
# Renews .sqlx, what the queries' macros read when no build-time database is set.
#
#   STREAMKEEPER_BUILD_DATABASE_URL=postgres://…/scratch state/prepare.sh [--check]
#
# The database must have the migrations applied. With --check nothing is replaced: the exit code
# says whether the folder is up to date.
set -eu
: "${STREAMKEEPER_BUILD_DATABASE_URL:?names a migrated scratch database}"
cd "$(dirname "$0")"

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
# The macros write here what the database says; touching the crate makes all of them run.
touch src/lib.rs
SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$fresh" cargo check --quiet --package streamkeeper-state

if [ "${1:-}" = --check ]; then
    exec diff --brief --recursive "$fresh" .sqlx
fi
mkdir -p .sqlx
find .sqlx -name 'query-*.json' -delete
cp "$fresh"/query-*.json .sqlx/
echo "$(ls .sqlx | wc -l) queries"
