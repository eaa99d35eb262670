//! Tests that a private server is found, ready, private and gone again.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::*;

/// Set in the copy of this test program that holds a server until it is killed.
const HOLDER: &str = "STREAMKEEPER_TEST_HOLDS_SERVER";

async fn start() -> PrivatePostgres {
    PrivatePostgres::start(PrivatePostgresOptions::default())
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Whether anybody listens there.
fn answers(url: &str) -> bool {
    let (_, address) = url.rsplit_once('@').unwrap();
    TcpStream::connect(address.split('/').next().unwrap()).is_ok()
}

fn wait_until(what: &str, mut predicate: impl FnMut() -> bool) {
    let mut looks = 0;
    while !predicate() {
        assert!(looks < 6000, "after a minute it does not hold that {what}");
        looks += 1;
        std::thread::sleep(Duration::from_millis(10));
    }
}

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

#[test]
fn a_star_stands_for_the_rest_of_a_folders_name() {
    let root = std::env::temp_dir().join(format!("streamkeeper-locate-{}", std::process::id()));
    for folder in ["pgsql-16/bin", "pgsql-17/bin", "pgsql-18", "other/bin"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let found = locate::expand(&format!("{}/pgsql-*/bin", root.display()));
    let expected = ["pgsql-16/bin", "pgsql-17/bin"].map(|folder| root.join(folder));
    fs::remove_dir_all(&root).unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_folder_without_a_server_that_runs_is_passed_over() {
    let root = std::env::temp_dir().join(format!("streamkeeper-probe-{}", std::process::id()));
    fs::create_dir_all(&root).unwrap();
    assert_eq!(locate::probe(&root).await, None);
    symlink("/bin/false", root.join("postgres")).unwrap();
    symlink("/bin/false", root.join("initdb")).unwrap();
    assert_eq!(locate::probe(&root).await, None);
    fs::remove_dir_all(&root).unwrap();
}

#[tokio::test]
async fn what_was_downloaded_before_is_found_without_a_network() {
    let installed = locate::on_this_machine().await.unwrap();
    let cache = std::env::temp_dir().join(format!("streamkeeper-cache-{}", std::process::id()));
    fs::create_dir_all(cache.join("17.6.0")).unwrap();
    assert_eq!(download::cached(&cache).await, None);
    symlink(&installed.folder, cache.join("17.6.0/bin")).unwrap();
    let found = download::cached(&cache).await.unwrap();
    assert_eq!(found.folder, cache.join("17.6.0/bin"));
    assert_eq!(found.version, installed.version);
    fs::remove_dir_all(&cache).unwrap();
}

#[tokio::test]
async fn what_is_downloaded_can_be_run_by_everybody() {
    let root = std::env::temp_dir().join(format!("streamkeeper-unpack-{}", std::process::id()));
    let bin = root.join("postgresql-17.6.0-some-target/bin");
    fs::create_dir_all(&bin).unwrap();
    for program in ["postgres", "initdb"] {
        let path = bin.join(program);
        fs::write(&path, "#!/bin/sh\necho 'postgres (PostgreSQL) 17.6'\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let tar = Command::new("tar")
        .args(["-cz", "postgresql-17.6.0-some-target"])
        .current_dir(&root)
        .output()
        .unwrap();
    let folder = root.join("cache/17.6.0");
    download::unpack(&tar.stdout, &folder).await.unwrap();
    let found = download::cached(&root.join("cache")).await.unwrap();
    assert_eq!(
        (found.folder, &*found.version),
        (folder.join("bin"), "17.6")
    );
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o755);
    fs::remove_dir_all(&root).unwrap();
}

#[tokio::test]
async fn a_server_answers_and_is_gone_with_its_data_after_stop() {
    let server = start().await;
    let (url, folder) = (server.url("postgres"), server.folder().to_owned());
    assert!(answers(&url));
    server.stop().await;
    assert!(!answers(&url));
    assert!(!folder.exists());
}

#[tokio::test]
async fn a_dropped_server_is_gone_too() {
    let server = start().await;
    let (url, folder) = (server.url("postgres"), server.folder().to_owned());
    drop(server);
    assert!(!answers(&url));
    assert!(!folder.exists());
}

#[tokio::test]
async fn nobody_else_may_look_into_the_folder() {
    let server = start().await;
    for path in ["", "data", "password"] {
        let mode = fs::metadata(server.folder().join(path)).unwrap().mode();
        assert_eq!(mode & 0o077, 0, "{path}: {mode:o}");
    }
}

#[tokio::test]
async fn the_server_never_runs_as_root() {
    let server = start().await;
    let data = fs::metadata(server.folder().join("data")).unwrap();
    assert_ne!(data.uid(), 0);
}

#[tokio::test]
async fn a_start_that_is_given_up_leaves_nothing() {
    let parent = std::env::temp_dir().join(format!("streamkeeper-parent-{}", std::process::id()));
    fs::create_dir(&parent).unwrap();
    fs::set_permissions(&parent, fs::Permissions::from_mode(0o777)).unwrap();
    let options = PrivatePostgresOptions {
        start_deadline: Duration::ZERO,
        parent: Some(parent.clone()),
        ..PrivatePostgresOptions::default()
    };
    let error = PrivatePostgres::start(options).await.unwrap_err();
    assert!(matches!(error, PostgresError::NotReady { .. }), "{error}");
    // Fails while something is in it.
    fs::remove_dir(&parent).unwrap();
}

#[tokio::test]
async fn a_setting_that_the_server_refuses_is_named_in_the_error() {
    let options = PrivatePostgresOptions {
        settings: vec![("no_such_setting".to_owned(), "1".to_owned())],
        ..PrivatePostgresOptions::default()
    };
    let error = PrivatePostgres::start(options).await.unwrap_err();
    let message = error.to_string();
    assert!(message.contains("no_such_setting"), "{message}");
}

/// Not a test: the program that the next two run, and kill.
#[tokio::test]
async fn hold_a_server_when_asked_to() {
    if variable(HOLDER).is_none() {
        return;
    }
    let server = start().await;
    println!(
        "\n{}\n{}",
        server.url("postgres"),
        server.folder().display()
    );
    std::future::pending::<()>().await;
}

/// Starts a copy of this program that holds a server; returns it with the URL and the folder.
fn holder() -> (Child, String, PathBuf) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "postgres::tests::hold_a_server_when_asked_to"])
        .args(["--nocapture", "--test-threads=1"])
        .env(HOLDER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = lines
        .map(Result::unwrap)
        .skip_while(|line| !line.starts_with("postgresql://"));
    let (url, folder) = (lines.next().unwrap(), lines.next().unwrap());
    (child, url, PathBuf::from(folder))
}

fn is_gone(url: &str, folder: &Path) -> bool {
    !answers(url) && !folder.exists()
}

#[test]
fn a_server_does_not_outlive_a_killed_process() {
    let (mut child, url, folder) = holder();
    assert!(answers(&url));
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until("the server is gone", || is_gone(&url, &folder));
}

#[test]
fn a_signal_to_the_supervisor_stops_the_server_too() {
    let (mut child, url, folder) = holder();
    let pid = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    let server = pid.lines().next().unwrap().to_owned();
    let kill = |pid: &str| {
        let status = Command::new("/bin/sh")
            .args(["-c", "kill -TERM \"$0\"", pid])
            .status();
        assert!(status.unwrap().success());
    };
    let supervisor = Command::new("ps")
        .args(["-o", "ppid=", "-p", &server])
        .output()
        .unwrap();
    kill(String::from_utf8(supervisor.stdout).unwrap().trim());
    wait_until("the server is gone", || is_gone(&url, &folder));
    child.kill().unwrap();
    child.wait().unwrap();
}
