//! Chooses the account that the server runs under: PostgreSQL refuses to run as root.

use std::path::Path;
use std::process::{Output, Stdio};

use tokio::process::Command;

use super::PostgresError;

/// Accounts that may run the server when we are root, best first.  `postgres` comes with the
/// packages, `nobody` and `daemon` exist even in the smallest images.
const CANDIDATES: &[&str] = &["postgres", "nobody", "daemon"];

/// An unprivileged account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: &'static str,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The account to change to; `None` means that we stay who we are.
pub(super) async fn choose(programs: &Path) -> Result<Option<Account>, PostgresError> {
    match id(&["-u"]).await {
        Some(0) => {}
        Some(_) | None => return Ok(None),
    }
    let mut tried = Vec::new();
    for name in CANDIDATES {
        match usable(name, programs).await {
            Ok(account) => return Ok(Some(account)),
            Err(reason) => tried.push(format!("{name} ({reason})")),
        }
    }
    Err(PostgresError::NoAccount {
        programs: programs.to_owned(),
        tried: tried.join(", "),
    })
}

/// The account of that name if it exists, is not root by another name and may run the programs.
async fn usable(name: &'static str, programs: &Path) -> Result<Account, String> {
    let uid = id(&["-u", name]).await.ok_or("does not exist")?;
    let gid = id(&["-g", name]).await.ok_or("has no group")?;
    if uid == 0 {
        return Err("is root".to_owned());
    }
    let account = Account { name, uid, gid };
    let mut version = Command::new(programs.join("postgres"));
    version.arg("--version");
    account.assume(&mut version);
    let output = output(version).await.map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(account)
    } else {
        Err(format!("postgres --version: {}", output.status))
    }
}

impl Account {
    /// Makes a command run under this account, away from folders it may not enter.
    pub(super) fn assume(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid).current_dir("/");
    }
}

/// What `id` prints.  A name is looked up by the system, so directory services count too.
async fn id(arguments: &[&str]) -> Option<u32> {
    let mut command = Command::new("id");
    command.args(arguments);
    let output = output(command).await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.trim().parse().ok()
}

async fn output(mut command: Command) -> std::io::Result<Output> {
    command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
}
