//! What options may say, and what is said about those that may not.

use std::time::Duration;

use super::{
    AccountArgs, DatabaseUrl, LogFormat, RunArgs, RunOptions, format_duration, parse_duration,
};

const URL: &str = "postgres://user:secret@host/db";

fn defaults() -> RunArgs {
    RunArgs {
        migrate: "false".to_owned(),
        sweep_interval: "60s".to_owned(),
        transition_interval: "15s".to_owned(),
        lease_duration: "30s".to_owned(),
        accounts: AccountArgs::default(),
        listen: "127.0.0.1:8420".to_owned(),
        log_format: "auto".to_owned(),
        log_level: "info".to_owned(),
    }
}

fn validate(args: &RunArgs) -> RunOptions {
    args.validate(Some(URL)).unwrap()
}

#[test]
fn durations_are_whole_numbers_with_units() {
    let cases = [
        ("0", 0),
        ("0s", 0),
        ("500ms", 500),
        ("2s", 2_000),
        ("5m", 300_000),
        ("1h", 3_600_000),
        ("1h30m", 5_400_000),
        ("1h2m3s4ms", 3_723_004),
        ("90m", 5_400_000),
    ];
    for (text, milliseconds) in cases {
        let duration = Duration::from_millis(milliseconds);
        assert_eq!(parse_duration(text), Ok(duration), "{text}");
        assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }
}

#[test]
fn what_is_no_duration_is_refused() {
    let long = format!("{}h", u64::MAX);
    for text in [
        "", "s", "1.5s", "5 m", "-1s", "1d", "1M", "30s5m", "1s1s", "5m30", "ten", "1µs", &long,
    ] {
        assert!(parse_duration(text).is_err(), "{text}");
    }
    assert_eq!(
        parse_duration("30"),
        Err("\"30\" has no unit; write 30s for seconds".to_owned())
    );
}

#[test]
fn the_defaults_are_valid() {
    let options = validate(&defaults());
    assert!(!options.migrate);
    assert_eq!(options.sweep_interval, Duration::from_secs(60));
    assert_eq!(options.transition_interval, Duration::from_secs(15));
    assert_eq!(options.lease_duration, Duration::from_secs(30));
    assert_eq!(options.listen.to_string(), "127.0.0.1:8420");
    assert_eq!(options.log_format, LogFormat::Auto);
    assert_eq!(options.database_url.expose(), URL);
}

#[test]
fn every_fault_is_listed_in_the_options_order() {
    let args = RunArgs {
        migrate: "maybe".to_owned(),
        sweep_interval: "0".to_owned(),
        transition_interval: "15".to_owned(),
        lease_duration: "499ms".to_owned(),
        accounts: AccountArgs {
            assume_role: Some("streamkeeper".to_owned()),
            external_id: Some("x".into()),
        },
        listen: "localhost".to_owned(),
        log_format: "xml".to_owned(),
        log_level: "warn,=".to_owned(),
    };
    let faults = args.validate(None).unwrap_err().faults;
    let begin: Vec<&str> = faults
        .iter()
        .filter_map(|fault| fault.split_once(": ").map(|(option, _)| option))
        .collect();
    assert_eq!(
        begin,
        [
            "--database-url",
            "--migrate",
            "--sweep-interval",
            "--transition-interval",
            "--lease-duration",
            "--assume-role",
            "--external-id",
            "--listen",
            "--log-format",
            "--log-level"
        ]
    );
    assert_eq!(faults[2], "--sweep-interval: 0 is below the minimum 1ms");
    assert_eq!(
        faults[4],
        "--lease-duration: 499ms is below the minimum 500ms"
    );
}

#[test]
fn a_database_is_named_by_a_url() {
    assert!(
        "host=db user=me password=secret"
            .parse::<DatabaseUrl>()
            .is_err()
    );
    let faults = defaults().validate(Some("secret")).unwrap_err();
    assert!(!faults.to_string().contains("secret"));
}

#[test]
fn the_password_is_never_printed() {
    for (url, printed) in [
        (URL, "postgres://user:***@host/db"),
        ("postgres://user@host/db", "postgres://user@host/db"),
        ("postgres:///db?host=/run", "postgres:///db?host=/run"),
        (
            "postgresql://u:p@ss@h:5432/d",
            "postgresql://u:***@h:5432/d",
        ),
        ("postgres://u:p/a@h/d", "postgres://***"),
        ("postgres://u:p?a@h/d", "postgres://***"),
        ("postgres://h/d?password=a@b", "postgres://***"),
        (
            "postgres://h/d?user=u&password=p&sslmode=require",
            "postgres://h/d?user=u&password=***&sslmode=require",
        ),
    ] {
        let url: DatabaseUrl = url.parse().unwrap();
        assert_eq!(url.to_string(), printed);
        assert_eq!(format!("{url:?}"), format!("{printed:?}"));
    }
    let options = validate(&defaults());
    assert!(!format!("{options:?}").contains("secret"));
}

#[test]
fn other_accounts_are_reached_by_a_role_or_not_at_all() {
    let with = |role: Option<&str>, external_id: Option<&str>| {
        let accounts = AccountArgs {
            assume_role: role.map(str::to_owned),
            external_id: external_id.map(Into::into),
        };
        RunArgs {
            accounts,
            ..defaults()
        }
    };
    let template = "arn:aws:iam::{account}:role/streamkeeper";
    assert_eq!(validate(&with(None, None)).assume_role, None);
    assert_eq!(validate(&with(Some(""), None)).assume_role, None);
    let options = validate(&with(Some(template), Some("hush-hush")));
    let printed = format!("{options:?}{:?}", with(Some(template), Some("hush-hush")));
    assert!(!printed.contains("hush"), "{printed}");
    let how = options.assume_role.unwrap();
    assert_eq!(
        how.template.role_in("444455556666"),
        "arn:aws:iam::444455556666:role/streamkeeper"
    );
    assert!(how.external_id.is_some());
    let faults = with(None, Some("hush-hush"))
        .validate(Some(URL))
        .unwrap_err();
    assert_eq!(
        faults.faults,
        ["--external-id: is of no use without --assume-role"]
    );
}
