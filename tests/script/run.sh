#!/bin/sh
# Has a parser of PowerShell read the script that makes an image.
#
#   tests/script/run.sh
#
# The parser is tree-sitter's grammar of PowerShell, from PyPI: PowerShell itself is in no package
# registry. That the script is what the program prints is a test of the core (image::script).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=${CARGO_TARGET_DIR:-$root/target}/script-venv

# The copy of the requirements is written last: it marks a venv that is complete and current.
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/requirements.txt"
fi

exec "$venv/bin/python" -B "$here/parse.py" "$root/controller/core/src/image/script/blog.ps1"
