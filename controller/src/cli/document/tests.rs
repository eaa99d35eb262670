//! What documents may say, what they become, and what is said about those that may not.

use serde_json::json;
use streamkeeper_state::Declaration;

use super::read::{Declared, parse};
use super::{Document, to_yaml};

fn read(text: &str) -> Result<Vec<Declaration>, Vec<String>> {
    let (mut declared, mut faults) = (Vec::new(), Vec::new());
    parse("cfd.yaml", text, &mut declared, &mut faults);
    if faults.is_empty() {
        Ok(declared
            .into_iter()
            .map(|Declared { declaration, .. }| declaration)
            .collect())
    } else {
        Err(faults)
    }
}

fn fault(text: &str) -> String {
    let mut faults = read(text).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

/// A document with these lines beside and in its spec.
fn document(beside: &str, spec: &str) -> String {
    format!(
        "apiVersion: streamkeeper.dev/v1\nkind: Environment\nmetadata: {{name: cfd}}\n\
         region: eu-west-1\n{beside}\nspec:\n  {spec}\n"
    )
}

#[test]
fn a_document_becomes_a_row() {
    let text = "
apiVersion: streamkeeper.dev/v1
kind: Environment
metadata:
  name: cfd
  labels: {team: aero}
region: eu-west-1
accountId: \"012345678901\"
mode: observe
paused: true
deletionPolicy: retain
spec:
  image: {name: pcluster-2026-11}
  fleet: {instanceType: stream.standard.medium, description: null}
";
    let expected = Declaration {
        name: "cfd".to_owned(),
        region: "eu-west-1".to_owned(),
        account_id: Some("012345678901".to_owned()),
        spec: json!({
            "image": {"name": "pcluster-2026-11"},
            "fleet": {"instanceType": "stream.standard.medium", "description": null}
        }),
        labels: Some([("team".to_owned(), "aero".to_owned())].into()),
        mode: Some("observe".to_owned()),
        paused: Some(true),
        deletion_policy: Some("retain".to_owned()),
    };
    assert_eq!(read(text), Ok(vec![expected]));
}

#[test]
fn what_is_left_out_stays_as_it_is() {
    let rows = read(&document("", "stack: {}")).unwrap();
    let row = &rows[0];
    assert_eq!(row.labels, None);
    assert_eq!(
        (&row.mode, row.paused, &row.deletion_policy),
        (&None, None, &None)
    );
}

#[test]
fn whole_numbers_stay_whole_and_words_stay_words() {
    let spec = "{a: 345600, b: 2.0, c: yes, d: off, e: 0755, f: 1_000, g: 2026-11-24, h: 1:30, \
                i: -1, j: true, k: ~, l: 'no'}";
    let rows = read(&document("", spec)).unwrap();
    let expected = r#"{"a":345600,"b":2.0,"c":"yes","d":"off","e":"0755","f":"1_000",
        "g":"2026-11-24","h":"1:30","i":-1,"j":true,"k":null,"l":"no"}"#;
    let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
    assert_eq!(rows[0].spec, expected);
    // Equal values may still differ in how they are written, and PostgreSQL looks.
    assert_eq!(rows[0].spec.to_string(), expected.to_string());
}

#[test]
fn accounts_keep_their_digits_without_quotes() {
    for account in ["012345678901", "123456789012", "'123456789012'"] {
        let rows = read(&document(&format!("accountId: {account}"), "stack: {}")).unwrap();
        assert_eq!(
            rows[0].account_id.as_deref(),
            Some(account.trim_matches('\''))
        );
    }
    assert_eq!(
        fault(&document("accountId: [1]", "stack: {}")),
        "cfd.yaml: document 1: accountId: expected an account of 12 digits"
    );
}

#[test]
fn several_documents_follow_one_another() {
    let one = document("", "stack: {}");
    let two = one.replace("cfd", "crash");
    let yaml = format!("# both\n---\n{one}---\n# nothing here\n---\n{two}...\n");
    let names = |text: &str| -> Vec<String> {
        read(text)
            .unwrap()
            .into_iter()
            .map(|row| row.name)
            .collect()
    };
    assert_eq!(names(&yaml), ["cfd", "crash"]);

    let json = |name: &str| {
        json!({"apiVersion": "streamkeeper.dev/v1", "kind": "Environment",
               "metadata": {"name": name}, "region": "eu-west-1", "spec": {}})
    };
    assert_eq!(names(&format!("{}\n{}", json("a"), json("b"))), ["a", "b"]);
    assert_eq!(names(&format!("{:#}", json("a"))), ["a"]);
    let list = json!({"apiVersion": "streamkeeper.dev/v1", "kind": "EnvironmentList",
                      "items": [json("a"), json("b")]});
    assert_eq!(names(&list.to_string()), ["a", "b"]);
    assert_eq!(names("# only a comment\n"), [""; 0]);
}

#[test]
fn unknown_keys_are_refused_with_their_path() {
    assert_eq!(
        fault(&document("colour: red", "stack: {}")),
        "cfd.yaml: document 1: colour: unknown key, expected one of `apiVersion`, `kind`, \
         `metadata`, `region`, `accountId`, `mode`, `paused`, `deletionPolicy`, `spec`, `status`"
    );
    let text = document("", "stack: {}").replace("name: cfd", "name: cfd, lables: {}");
    assert!(
        fault(&text).starts_with("cfd.yaml: document 1: metadata.lables: unknown key, expected"),
        "{}",
        fault(&text)
    );
}

#[test]
fn what_is_wrong_is_named_with_document_and_path() {
    let good = document("", "stack: {}");
    let cases = [
        (
            good.replace("name: cfd", "name: 7"),
            "metadata.name: invalid type: integer `7`, expected a string",
        ),
        (good.replace("region: eu-west-1", ""), "region: is missing"),
        (
            document("paused: yes", "stack: {}"),
            "paused: invalid type: string \"yes\", expected a boolean",
        ),
        (
            good.replace("{name: cfd}", "{name: cfd, labels: {a: 1}}"),
            "metadata.labels.a: invalid type: integer `1`, expected a string",
        ),
        (
            good.replace("kind: Environment", "kind: Fleet"),
            "kind: \"Fleet\" is not \"Environment\"",
        ),
        (
            good.replace("kind: Environment", ""),
            "kind: is missing; it is \"Environment\"",
        ),
        (
            good.replace("dev/v1", "dev/v2"),
            "apiVersion: \"streamkeeper.dev/v2\" is not \"streamkeeper.dev/v1\"",
        ),
        ("[1]".to_owned(), "is not a document but a value alone"),
        (
            good.replace("spec:\n  stack: {}", "spec: []"),
            "spec: invalid type: sequence, expected a map",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(fault(&text), format!("cfd.yaml: document 1: {message}"));
    }
}

#[test]
fn a_key_stands_once() {
    let fault = fault(&document("", "stack: {}\n  stack: {}"));
    assert!(fault.contains("duplicate mapping key"), "{fault}");
    assert!(fault.contains("line"), "{fault}");
}

#[test]
fn every_bad_document_is_listed() {
    let bad = document("colour: red", "stack: {}");
    let faults = read(&format!(
        "{bad}---\n{}---\n{bad}",
        document("", "stack: {}")
    ))
    .unwrap_err();
    assert_eq!(faults.len(), 2);
    assert!(faults[0].starts_with("cfd.yaml: document 1: "));
    assert!(faults[1].starts_with("cfd.yaml: document 3: "));
}

#[test]
fn what_is_written_reads_the_same_under_old_rules_too() {
    let text = "{apiVersion: streamkeeper.dev/v1, kind: Environment, metadata: {name: 'no'}, \
                region: eu-west-1, accountId: '012345678901', spec: {a: 'yes', b: 'null', \
                c: '1e3', d: '2026-11-24', e: '0x1f', f: \"two\\nlines\", g: '', h: '12:30', \
                i: 345600, j: 'a: b # c', k: [], l: {}, m: '~', n: ' x '}}";
    let value: serde_json::Value = serde_saphyr::from_str(text).unwrap();
    let document: Document = serde_json::from_value(value).unwrap();
    let yaml = to_yaml(&document).unwrap();
    assert_eq!(read(&yaml), Ok(vec![document.into_declaration()]));
    for quoted in [
        "'012345678901'",
        "yes",
        "null",
        "1e3",
        "2026-11-24",
        "0x1f",
        "12:30",
        "no",
    ] {
        let quoted = quoted.trim_matches('\'');
        let is_quoted = [format!(": \"{quoted}\"\n"), format!(": '{quoted}'\n")]
            .iter()
            .any(|written| yaml.contains(written.as_str()));
        assert!(is_quoted, "{quoted} is not quoted in\n{yaml}");
    }
    assert!(yaml.contains("i: 345600\n"), "{yaml}");
    assert!(
        yaml.starts_with("apiVersion: streamkeeper.dev/v1\nkind: Environment\n"),
        "{yaml}"
    );
}
