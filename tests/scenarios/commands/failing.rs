//! What is said when something is wrong, and with which exit code.

use std::process::Stdio;

use streamkeeper_tests::TestDatabase;

use super::{Answer, CFD, CRASH, Desk, bare_command};

#[tokio::test]
async fn a_refused_file_changes_nothing_and_is_told_by_path_rule_and_place() {
    let desk = Desk::create().await;
    let bad = CFD
        .replace("345600", "999999")
        .replace("description: null", "colour: red");
    let error = desk.apply(&format!("{CRASH}---\n{bad}")).fails(1);
    assert_eq!(
        error,
        "error: failed to apply environment \"cfd\": spec.fleet.colour: unknown key\n  \
           also: spec.fleet.maxUserDurationInSeconds: 999999 is above the maximum 432000\n  \
           in: stdin: document 2\n\
         hint: environment \"cfd\" is refused; \"streamkeeper schema\" prints what a spec may say\n"
    );
    assert_eq!(desk.count("FROM streamkeeper.environments").await, 0);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_reaches_no_database() {
    let desk = Desk::create().await;
    let bad = CFD.replace("region:", "paused: yes\nregoin: x\nregion:");
    let error = desk
        .apply(&format!("{CRASH}---\n{bad}---\n{CRASH}"))
        .fails(1);
    let lines: Vec<&str> = error.lines().collect();
    assert!(
        lines[0].starts_with("error: stdin: document 2: "),
        "{error}"
    );
    assert!(
        lines[1].starts_with("error: stdin: document 3: metadata.name: environment \"crash\""),
        "{error}"
    );
    assert!(lines[2].starts_with("hint: "), "{error}");
    assert_eq!(desk.count("FROM streamkeeper.environments").await, 0);
    assert!(
        desk.apply("# nothing\n")
            .fails(1)
            .contains("there is no document")
    );
}

#[tokio::test]
async fn wrong_usage_ends_with_2() {
    let desk = Desk::create().await;
    for args in [
        &["get", "--bogus"][..],
        &["gat"],
        &["get", "-l", "a in (b)"],
        &["get", "cfd", "-l", "a=b"],
        &["plan"],
        &["delete"],
        &["apply"],
        &["wait", "cfd"],
        &["wait", "cfd", "--for=condition=Reedy"],
        &["wait", "cfd", "--for=delete", "--timeout", "5"],
        &["run", "--sweep-interval", "0", "--listen", "nowhere"],
        &["--database-url", "mysql://host/db", "get"],
    ] {
        let error = desk.run(args).fails(2);
        assert!(error.starts_with("error: "), "{args:?}: {error}");
    }
    let error = desk
        .run(&["run", "--sweep-interval", "0", "--listen", "nowhere"])
        .fails(2);
    assert_eq!(error.matches("error: ").count(), 2, "{error}");
}

#[test]
fn without_a_database_it_is_said_how_to_name_one() {
    let answer = Answer::of(bare_command(&["get"]).output().unwrap());
    let error = answer.fails(2);
    assert!(
        error.starts_with("error: there is no database: DATABASE_URL is not set\n"),
        "{error}"
    );
    assert!(error.contains("hint: set DATABASE_URL"), "{error}");
}

#[test]
fn a_server_that_is_not_there_is_told_at_once_and_without_the_password() {
    // Port 1 is reserved; nothing listens there.
    let url = "postgres://user:secret@127.0.0.1:1/db";
    let begun = std::time::Instant::now();
    let output = bare_command(&["get", "--database-url", url])
        .output()
        .unwrap();
    let error = Answer::of(output).fails(1);
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(5),
        "{error}"
    );
    assert!(
        error.starts_with("error: failed to connect to PostgreSQL: "),
        "{error}"
    );
    assert!(
        error.contains("hint: the database is postgres://user:***@127.0.0.1:1/db"),
        "{error}"
    );
    assert!(!error.contains("secret"), "{error}");
}

#[tokio::test]
async fn a_database_without_the_schema_asks_for_migrate() {
    let desk = Desk {
        database: TestDatabase::create_empty().await,
    };
    let error = desk.run(&["get"]).fails(1);
    assert!(error.contains("does not exist\nhint: "), "{error}");
    assert!(error.contains("`streamkeeper migrate`"), "{error}");
    let report = desk.run(&["migrate"]).succeeds();
    assert!(report.starts_with("migration/"), "{report}");
    assert_eq!(desk.run(&["migrate"]).succeeds(), "schema unchanged\n");
    let answer = desk.run(&["get"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), ""));
    assert_eq!(answer.stderr, "No environments found.\n");
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told_beside_the_closest() {
    let desk = Desk::furnished().await;
    for args in [
        &["describe", "cdf"][..],
        &["plan", "cdf"],
        &["wait", "cdf", "--for=condition=Ready"],
        &["reconcile", "cdf"],
        &["approve", "cdf"],
        &["pause", "cdf"],
        &["delete", "cdf"],
    ] {
        let error = desk.run(args).fails(1);
        assert!(
            error.starts_with(
                "error: environment \"cdf\" does not exist\nhint: did you mean \"cfd\"?\n"
            ),
            "{args:?}: {error}"
        );
    }
    // What there is of what was asked for is printed all the same.
    let answer = desk.run(&["get", "nothing", "crash", "-o", "name"]);
    assert_eq!(answer.stdout, "environment/crash\n");
    assert_eq!(answer.code, Some(1));
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_error() {
    let desk = Desk::furnished().await;
    let mut child = desk
        .command(&["get"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let answer = Answer::of(child.wait_with_output().unwrap());
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
}
