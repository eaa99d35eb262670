//! Tests that a private server is found, ready, private and gone again.

use std::os::unix::fs::MetadataExt;
use std::process::Command;

use super::*;

#[test]
fn versions_are_read_from_every_packagers_line() {
    for (line, version) in [
        (
            "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n",
            Some("15.14"),
        ),
        ("postgres (PostgreSQL) 17.6\n", Some("17.6")),
        ("postgres (PostgreSQL) 19beta1", Some("19beta1")),
        ("postgres: command not found", None),
        ("", None),
    ] {
        assert_eq!(locate::parse_version(line).as_deref(), version, "{line}");
    }
}

/// Whether a process listens there.
fn answers(url: &str) -> bool {
    let port = url.rsplit_once(':').unwrap().1.split('/').next().unwrap();
    std::net::TcpStream::connect(("127.0.0.1", port.parse().unwrap())).is_ok()
}

#[tokio::test]
async fn a_private_server_answers_and_is_gone_with_its_data_after_stop() {
    let started = std::time::Instant::now();
    let server = PrivatePostgres::start(PrivatePostgresOptions::default())
        .await
        .unwrap();
    eprintln!(
        "PostgreSQL {} after {:?}",
        server.version(),
        started.elapsed()
    );
    let (url, folder) = (server.url("postgres"), server.folder().to_owned());
    assert!(answers(&url));
    assert_eq!(std::fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    server.stop().await;
    assert!(!answers(&url));
    assert!(!folder.exists());
}
