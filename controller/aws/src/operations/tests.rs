//! The list is what the sources call, no more and no less.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{OF_IMPORT, OF_URL, OPERATIONS, actions_of};

/// What the SDKs' operations begin with, of the services that clients are built for.
const VERBS: &[&str] = &[
    "assume",
    "associate",
    "batch",
    "copy",
    "create",
    "delete",
    "deregister",
    "describe",
    "disable",
    "disassociate",
    "drain",
    "enable",
    "expire",
    "get",
    "head",
    "list",
    "put",
    "register",
    "start",
    "stop",
    "tag",
    "untag",
    "update",
];

/// A member of an input that reads like an operation.
const NO_OPERATION: &str = "enable_default_internet_access";

/// The sources of this crate, without what only tests are made of.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let source = fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
            found.push(code.to_owned());
        }
    }
}

/// Words such as `describe_fleets` that the SDKs' clients are asked with: `.describe_fleets()`, or
/// `operation::describe_fleets::` where an input is made by hand.
fn called() -> BTreeSet<String> {
    let mut code = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut code,
    );
    assert!(code.len() > 20, "{} sources", code.len());
    let mut found = BTreeSet::new();
    for source in &code {
        let by_client = source.split("()").filter_map(|before| {
            let (_, word) = before.rsplit_once('.')?;
            Some(word)
        });
        let by_hand = source
            .split("::operation::")
            .skip(1)
            .filter_map(|after| Some(after.split_once("::")?.0));
        for word in by_client.chain(by_hand) {
            let is_word = word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let verb = word.split_once('_').map(|(verb, _)| verb);
            if is_word && verb.is_some_and(|verb| VERBS.contains(&verb)) {
                found.insert(word.to_owned());
            }
        }
    }
    assert!(found.remove(NO_OPERATION));
    found
}

/// `CreateStreamingURL` as `create_streaming_url`.
fn in_snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut before = 'A';
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && before.is_ascii_lowercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
        before = letter;
    }
    snake
}

#[test]
fn every_operation_that_is_called_is_listed_and_no_other() {
    let listed: BTreeSet<String> = OPERATIONS
        .iter()
        .map(|operation| in_snake_case(operation.name))
        .collect();
    assert_eq!(listed, called());
    let each = OPERATIONS.iter().map(|one| (one.service, one.name));
    let different: BTreeSet<_> = each.collect();
    assert_eq!(different.len(), OPERATIONS.len(), "one is listed twice");
}

#[test]
fn every_service_and_action_is_spelt_as_iam_does() {
    for operation in OPERATIONS {
        let (service, action) = operation.action.split_once(':').unwrap();
        assert_eq!(service, operation.service);
        assert!(
            action.chars().all(|c| c.is_ascii_alphanumeric()),
            "{action}"
        );
    }
}

#[test]
fn what_commands_ask_for_is_on_the_list() {
    for operations in [OF_IMPORT, OF_URL] {
        assert_eq!(actions_of(operations).count(), operations.len());
    }
}
