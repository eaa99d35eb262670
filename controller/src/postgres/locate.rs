//! Finds PostgreSQL's server programs on this machine.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::variable;

/// The oldest major version that our schema works on.
pub(super) const OLDEST: u32 = 14;

/// Where packages put the server's programs when they do not put them on the `PATH`.  One `*`
/// stands for the rest of a folder's name.
const WELL_KNOWN: &[&str] = &[
    "/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
    "/usr/pgsql-*/bin",                  // PostgreSQL's own packages for Red Hat
    "/usr/lib/postgresql*/bin",          // SUSE
    "/usr/libexec/postgresql*",          // Alpine
    "/opt/homebrew/opt/postgresql*/bin", // Homebrew on Apple silicon
    "/usr/local/opt/postgresql*/bin",    // Homebrew on Intel
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/opt/local/lib/postgresql*/bin", // MacPorts
    "/usr/local/pgsql/bin",           // built from source
];

/// A folder with `initdb` and `postgres` of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Programs {
    pub(super) folder: PathBuf,
    pub(super) version: String,
}

/// The programs to use: those on the `PATH`, which somebody chose, before the newest installed.
pub(super) async fn on_this_machine() -> Option<Programs> {
    let path = variable("PATH").unwrap_or_default();
    for folder in env::split_paths(&path) {
        if let Some(programs) = probe(&folder).await {
            return Some(programs);
        }
    }
    let mut newest: Option<Programs> = None;
    for pattern in WELL_KNOWN {
        for folder in expand(pattern) {
            if let Some(found) = probe(&folder).await
                && newest
                    .as_ref()
                    .is_none_or(|best| order(&found) > order(best))
            {
                newest = Some(found);
            }
        }
    }
    newest
}

/// What a folder holds, if it is complete, runs here and is new enough.
pub(super) async fn probe(folder: &Path) -> Option<Programs> {
    let postgres = folder.join("postgres");
    if !folder.is_absolute() || !postgres.is_file() || !folder.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(&postgres)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .ok()?;
    let version = parse_version(&String::from_utf8_lossy(&output.stdout))?;
    (major(&version) >= OLDEST).then(|| Programs {
        folder: folder.to_owned(),
        version,
    })
}

/// The version in `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
pub(super) fn parse_version(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("(PostgreSQL)")?;
    let version = rest.split_whitespace().next()?;
    version
        .starts_with(|c: char| c.is_ascii_digit())
        .then(|| version.to_owned())
}

/// The major version of `15.14`, and of `19beta1` too.
fn major(version: &str) -> u32 {
    order_of(version).0
}

fn order(programs: &Programs) -> (u32, u32) {
    order_of(&programs.version)
}

fn order_of(version: &str) -> (u32, u32) {
    let mut numbers = version
        .split(|c: char| !c.is_ascii_digit())
        .map(|digits| digits.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// The folders that a pattern with at most one `*` at the end of a component stands for.
pub(super) fn expand(pattern: &str) -> BTreeSet<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return BTreeSet::from([PathBuf::from(pattern)]);
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = std::fs::read_dir(parent) else {
        return BTreeSet::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .filter(|folder| folder.is_dir())
        .collect()
}
