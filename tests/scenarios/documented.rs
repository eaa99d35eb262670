//! What the documents say is there, and what is there they say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use streamkeeper_controller::iam::{self, Place};
use streamkeeper_controller::metrics::Metrics;
use streamkeeper_core::advice;
use streamkeeper_core::event::EventReason;
use streamkeeper_core::fields;
use streamkeeper_core::plan::WaitReason;
use streamkeeper_core::record::Resolution;
use streamkeeper_tests::TestDatabase;

const README: &str = include_str!("../../README.md");
const SQL: &str = include_str!("../../docs/sql.md");
const OPERATIONS: &str = include_str!("../../docs/OPERATIONS.md");
const CLUSTERS: &str = include_str!("../../docs/clusters.md");
const WALKTHROUGH: &str = include_str!("../../docs/walkthrough.md");
const VERDICT: &str = include_str!("../../controller/core/src/verdict.rs");

/// Text of a section: from its heading to the next one of the same or a higher level.
fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let start = document
        .find(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("there is no section {heading}"));
    let level = heading.chars().take_while(|c| *c == '#').count();
    let body = &document[start + heading.len() + 2..];
    let mut offset = 0;
    for line in body.split_inclusive('\n') {
        let marks = line.len() - line.trim_start_matches('#').len();
        if (1..=level).contains(&marks) {
            return &body[..offset];
        }
        offset += line.len();
    }
    body
}

/// What stands in the first cells of a section's tables, where they are code.
fn keys(section: &str) -> BTreeSet<String> {
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(key, _)| key.to_owned())
        .collect()
}

/// The fenced blocks of one language.
fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    document
        .split(&format!("\n```{language}\n"))
        .skip(1)
        .map(|rest| rest.split_once("```").expect("a block ends").0)
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every wait reason: serde lists them when it is asked for one that there is not.
fn wait_reasons() -> Vec<WaitReason> {
    let error =
        serde_json::from_value::<WaitReason>(json!("?")).expect_err("no reason is a question mark");
    let words = error.to_string();
    words
        .split('`')
        .skip(3)
        .step_by(2)
        .map(|name| serde_json::from_value(json!(name)).expect("serde named it"))
        .collect()
}

#[tokio::test]
async fn every_table_and_column_for_users_is_documented_and_no_other() {
    let database = TestDatabase::create().await;
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT c.relname::text, a.attname::text
         FROM pg_class AS c
         JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relnamespace = 'streamkeeper'::regnamespace
           AND c.relkind IN ('r', 'v')
           AND c.relname <> '_sqlx_migrations'
           AND obj_description(c.oid, 'pg_class') NOT LIKE 'Internal:%'
           AND col_description(c.oid, a.attnum) NOT LIKE 'Internal:%'",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    let tables: BTreeSet<&str> = columns.iter().map(|(table, _)| table.as_str()).collect();
    assert!(tables.len() >= 10, "{tables:?}");
    for table in tables {
        let there: BTreeSet<String> = columns
            .iter()
            .filter(|(of, _)| of == table)
            .map(|(_, column)| column.clone())
            .collect();
        let text = section(SQL, &format!("## `{table}`"));
        // The table of columns is the section's first.
        let first = text.split_once("| column | meaning |\n").unwrap().1;
        let first = first.split("\n\n").next().unwrap();
        assert_eq!(keys(first), there, "columns of {table}");
    }
    let functions: Vec<(String,)> = sqlx::query_as(
        "SELECT proname::text || '(' || array_to_string(proargnames[1:pronargs], ', ') || ')'
         FROM pg_proc
         WHERE pronamespace = 'streamkeeper'::regnamespace
           AND proargnames IS NOT NULL",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    for function in keys(section(SQL, "## Functions")) {
        assert!(
            functions.contains(&(function.clone(),)),
            "{function} is not there"
        );
    }
}

#[tokio::test]
async fn every_sql_block_works_as_printed() {
    for (name, document) in [
        ("README.md", README),
        ("sql.md", SQL),
        ("OPERATIONS.md", OPERATIONS),
        ("clusters.md", CLUSTERS),
        ("walkthrough.md", WALKTHROUGH),
    ] {
        let database = TestDatabase::create().await;
        let found = blocks(document, "sql");
        assert!(!found.is_empty(), "{name} has no SQL");
        for block in found {
            sqlx::raw_sql(block)
                .execute(&database.pool)
                .await
                .unwrap_or_else(|error| panic!("{name}: {error}\n{block}"));
        }
    }
}

#[test]
fn every_field_and_every_resolution_is_documented() {
    let reference = fs::read_to_string(root().join("docs/reference/fields.md")).unwrap();
    for (object, rules) in [("fleet", fields::FLEET), ("stack", fields::STACK)] {
        let text = section(&reference, &format!("### How fields of a {object} change"));
        for rule in rules {
            let row = format!("| `{object}.{}` |", rule.path);
            assert!(text.contains(&row), "{row} is not in fields.md");
        }
    }
    let resolutions = section(SQL, "## `drift`");
    for resolution in [
        Resolution::Repaired,
        Resolution::Accepted,
        Resolution::ObservedOnly,
        Resolution::Ignored,
    ] {
        assert!(resolutions.contains(&format!("| `{}` |", resolution.as_str())));
    }
}

#[test]
fn every_reason_is_documented_and_no_other() {
    let events: BTreeSet<String> = EventReason::ALL
        .iter()
        .map(|reason| reason.as_str().to_owned())
        .collect();
    assert_eq!(keys(section(OPERATIONS, "## Events")), events);

    let reasons = wait_reasons();
    assert!(reasons.len() >= 20, "{reasons:?}");
    for (heading, human) in [
        ("### Time will tell", false),
        ("### A human is needed", true),
    ] {
        let there: BTreeSet<String> = reasons
            .iter()
            .filter(|reason| reason.needs_human() == human)
            .map(ToString::to_string)
            .collect();
        assert_eq!(keys(section(OPERATIONS, heading)), there, "{heading}");
    }

    // The other condition reasons are words in the verdict.
    let waits: BTreeSet<String> = reasons.iter().map(ToString::to_string).collect();
    let others: BTreeSet<String> = VERDICT
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|word| {
            word.starts_with(|c: char| c.is_ascii_uppercase())
                && word.chars().all(|c| c.is_ascii_alphabetic())
        })
        .map(str::to_owned)
        .filter(|word| !waits.contains(word))
        .collect();
    assert_eq!(
        keys(section(OPERATIONS, "### All is well, or on its way")),
        others
    );
}

#[test]
fn every_error_that_aws_reports_is_documented_with_what_to_do() {
    let text = section(OPERATIONS, "## What AWS reports");
    let mut codes = BTreeSet::new();
    for table in [advice::FLEET_ERRORS, advice::STACK_ERRORS, advice::REFUSALS] {
        for (code, advice) in table {
            let (first, rest) = advice.split_at(1);
            let row = format!("| `{code}` | {}{rest}. |", first.to_uppercase());
            assert!(text.contains(&row), "{row}");
            codes.insert((*code).to_owned());
        }
    }
    assert_eq!(keys(text), codes);
}

#[test]
fn every_metric_is_documented_and_no_other() {
    let metrics = Metrics::new();
    // Reads are counted by whatever operation there was; without any the metric is not there.
    metrics.reads(&BTreeMap::from([("DescribeFleets".to_owned(), 1)]));
    let text = metrics.render().unwrap();
    let there: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert!(!there.is_empty(), "{text}");
    assert_eq!(keys(section(OPERATIONS, "### Metrics")), there);
}

/// The actions that an IAM policy names.
fn actions_of(policy: &str) -> BTreeSet<String> {
    let policy: serde_json::Value = serde_json::from_str(policy).expect("a policy is JSON");
    let mut found = BTreeSet::new();
    for statement in policy["Statement"].as_array().into_iter().flatten() {
        assert!(statement.get("NotAction").is_none(), "{statement}");
        let actions = &statement["Action"];
        let list = actions
            .as_array()
            .map_or(std::slice::from_ref(actions), Vec::as_slice);
        found.extend(
            list.iter()
                .map(|action| action.as_str().expect("an action is text").to_owned()),
        );
    }
    found
}

/// Every action that some policy in the operator's guide names.
pub(crate) fn actions_of_the_guide() -> BTreeSet<String> {
    let policies = blocks(OPERATIONS, "json");
    policies.into_iter().flat_map(actions_of).collect()
}

/// A policy with each action and resource as a list in order: what it means, whoever wrote it.
fn in_order(mut policy: serde_json::Value) -> serde_json::Value {
    for statement in policy["Statement"].as_array_mut().into_iter().flatten() {
        for member in ["Action", "Resource"] {
            let value = statement[member].take();
            let mut texts = value
                .as_array()
                .map_or_else(|| vec![value.clone()], Vec::clone);
            texts.sort_by_key(ToString::to_string);
            statement[member] = texts.into();
        }
    }
    policy
}

#[test]
fn the_iam_policy_of_the_guide_is_the_one_that_is_printed() {
    let place = Place {
        partition: "aws".to_owned(),
        region: "REGION".to_owned(),
        account: "ACCOUNT".to_owned(),
    };
    let guide = serde_json::from_str(blocks(OPERATIONS, "json")[0]).unwrap();
    let printed = iam::daemon(&place, Some("YOUR-FLEET-ROLES-*"), &[]);
    assert_eq!(in_order(guide), in_order(printed));
}

/// What the daemon's metrics count it may do.
#[test]
fn the_iam_policy_allows_every_action_that_is_counted() {
    let allowed = actions_of(blocks(OPERATIONS, "json")[0]);
    let text = Metrics::new().render().unwrap();
    let counted: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("streamkeeper_actions_total{action=\""))
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(counted.len() > 20, "{counted:?}");
    for operation in counted {
        let ending = format!(":{operation}");
        assert!(
            allowed.iter().any(|action| action.ends_with(&ending)),
            "{operation}"
        );
    }
}

/// Every Markdown file of the repository, without what is built.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let entry = entry.expect("a folder can be read");
        let (path, name) = (
            entry.path(),
            entry.file_name().to_string_lossy().into_owned(),
        );
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            documents(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// Anchors of a document's headings, as they are made on GitHub.
fn anchors(document: &str) -> BTreeSet<String> {
    document
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut found = Vec::new();
    documents(&root(), &mut found);
    let mut links = 0;
    for path in found {
        let document = fs::read_to_string(&path).unwrap();
        for rest in document.split("](").skip(1) {
            let target = rest.split(')').next().unwrap();
            if target.contains("://") {
                continue;
            }
            links += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let aim = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            assert!(aim.exists(), "{}: {target} leads nowhere", path.display());
            if !anchor.is_empty() {
                let aimed = fs::read_to_string(&aim).unwrap();
                assert!(
                    anchors(&aimed).contains(anchor),
                    "{}: {target}: no such heading",
                    path.display()
                );
            }
        }
    }
    assert!(links >= 30, "only {links} links were found");
}
