//! Rebuilds the crate when a migration is added, so that `MIGRATOR` never lags behind the folder.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
    println!("cargo::rerun-if-changed=.sqlx");
    println!("cargo::rerun-if-changed=sqlx.toml");
}
