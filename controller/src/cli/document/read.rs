//! Reads documents from files, folders and stdin, and lists everything that is wrong with them.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_saphyr::Options;
use streamkeeper_state::Declaration;

use super::{API_VERSION, Document, KIND, LIST_KIND};
use crate::cli::failure::CliError;

/// Endings of the files that are read from a folder.
const ENDINGS: [&str; 3] = ["json", "yaml", "yml"];

/// A declaration and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declared {
    /// What it asks for.
    pub(crate) declaration: Declaration,
    /// Where it stands.
    pub(crate) place: Place,
}

/// Where a document stands, printed as `cfd.yaml: document 2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    file: String,
    document: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: document {}", self.file, self.document)
    }
}

/// Reads every document of these files, folders and, for `-`, stdin, in their order.
///
/// # Errors
///
/// Fails when a file cannot be read, and with every fault of every document when there is one.
pub(crate) fn read_documents(paths: &[PathBuf]) -> anyhow::Result<Vec<Declared>> {
    let mut declared = Vec::new();
    let mut faults = Vec::new();
    for (file, text) in read_texts(paths)? {
        parse(&file, &text, &mut declared, &mut faults);
    }
    refuse_repeated_names(&declared, &mut faults);
    if !faults.is_empty() {
        return Err(CliError::Documents(faults).into());
    }
    if declared.is_empty() {
        return Err(CliError::Documents(vec!["there is no document to read".to_owned()]).into());
    }
    Ok(declared)
}

/// The texts with the names they go by.
fn read_texts(paths: &[PathBuf]) -> anyhow::Result<Vec<(String, String)>> {
    let mut texts = Vec::new();
    let mut stdin_is_read = false;
    for path in paths {
        if path.as_os_str() == "-" {
            if !std::mem::replace(&mut stdin_is_read, true) {
                let mut text = String::new();
                std::io::stdin()
                    .read_to_string(&mut text)
                    .context("failed to read stdin")?;
                texts.push(("stdin".to_owned(), text));
            }
            continue;
        }
        for file in files_of(path)? {
            let name = file.display().to_string();
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("failed to read {name}"))?;
            texts.push((name, text));
        }
    }
    Ok(texts)
}

/// The file itself; of a folder, its YAML and JSON files by name.
fn files_of(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let name = path.display();
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = path
        .read_dir()
        .with_context(|| format!("failed to read {name}"))?
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("failed to read {name}"))?;
    let mut files: Vec<PathBuf> = entries
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.extension().is_some_and(is_ours))
        .collect();
    files.sort_unstable();
    anyhow::ensure!(
        !files.is_empty(),
        "failed to read {name}: no file in it ends with .{}",
        ENDINGS.join(", .")
    );
    Ok(files)
}

fn is_ours(ending: &std::ffi::OsStr) -> bool {
    ENDINGS.iter().any(|ours| ending.eq_ignore_ascii_case(ours))
}

/// Reads one text, document by document.
pub(super) fn parse(
    file: &str,
    text: &str,
    declared: &mut Vec<Declared>,
    faults: &mut Vec<String>,
) {
    let mut document = 0;
    for part in parts(text) {
        let mut reader = part.as_bytes();
        for value in serde_saphyr::read_with_options::<_, Value>(&mut reader, options()) {
            document += 1;
            let place = Place {
                file: file.to_owned(),
                document,
            };
            match value {
                Ok(value) => declare(&value, &place, declared, faults),
                Err(error) => {
                    let error = error.without_snippet();
                    faults.push(format!("{place}: {error}"));
                }
            }
        }
    }
}

/// Documents of JSON that follow one another without a separator, as `jq` prints them; any other
/// text in one.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut begin = 0;
    while let Some(value) = values.next() {
        if value.is_err() {
            return vec![text];
        }
        parts.push(&text[begin..values.byte_offset()]);
        begin = values.byte_offset();
    }
    // A single scalar is YAML's business too: "no: thing" begins with one.
    if parts.len() > 1 { parts } else { vec![text] }
}

/// YAML 1.2, and as many documents as somebody may have environments.
fn options() -> Options {
    serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_documents: 1_000_000,
            max_nodes: 100_000_000,
            max_events: 400_000_000,
            max_total_scalar_bytes: 256 * 1024 * 1024,
        },
    }
}

/// Takes a document, or the items of a list.
fn declare(value: &Value, place: &Place, declared: &mut Vec<Declared>, faults: &mut Vec<String>) {
    let mut take = |path: &str, value: &Value| match read_document(path, value) {
        Ok(document) => declared.push(Declared {
            declaration: document.into_declaration(),
            place: place.clone(),
        }),
        Err(fault) => faults.push(format!("{place}: {fault}")),
    };
    if value.get("kind").is_none_or(|kind| kind != LIST_KIND) {
        return take("", value);
    }
    let Some(Value::Array(items)) = value.get("items") else {
        faults.push(format!("{place}: items: is not a list"));
        return;
    };
    for (index, item) in items.iter().enumerate() {
        take(&format!("items[{index}]"), item);
    }
}

fn read_document(path: &str, value: &Value) -> Result<Document, String> {
    let Value::Object(object) = value else {
        return Err(at(path, "", "is not a document but a value alone"));
    };
    // First of all whether it is meant for us: another program's document has other keys.
    for (key, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        match object.get(key) {
            Some(Value::String(found)) if found == expected => {}
            Some(found) => return Err(at(path, key, &format!("{found} is not \"{expected}\""))),
            None => return Err(at(path, key, &format!("is missing; it is \"{expected}\""))),
        }
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let message = error.inner().to_string();
        let inner = match error.path().to_string() {
            path if path == "." => String::new(),
            path => path,
        };
        let (key, message) = reword(&message);
        at(path, &at_key(&inner, key), &message)
    })
}

/// Serde's words for a key that is unknown or missing, with the key apart.
fn reword(message: &str) -> (&str, String) {
    let quoted = |prefix| message.strip_prefix(prefix)?.split_once('`');
    if let Some((key, rest)) = quoted("unknown field `") {
        (key, format!("unknown key{rest}"))
    } else if let Some((key, _)) = quoted("missing field `") {
        (key, "is missing".to_owned())
    } else {
        ("", message.to_owned())
    }
}

/// The path to a key; depending on the key's container it ends with the key already.
fn at_key(path: &str, key: &str) -> String {
    if path.is_empty() || key.is_empty() || path == key || path.ends_with(&format!(".{key}")) {
        [path, key]
            .into_iter()
            .max_by_key(|part| part.len())
            .unwrap_or_default()
            .to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// `path.key: message`, with whatever of the path there is.
fn at(path: &str, key: &str, message: &str) -> String {
    match (path, key) {
        ("", "") => message.to_owned(),
        ("", path) | (path, "") => format!("{path}: {message}"),
        (path, key) => format!("{path}.{key}: {message}"),
    }
}

/// A row is asked for once: which of two wins would depend on their order.
fn refuse_repeated_names(declared: &[Declared], faults: &mut Vec<String>) {
    let mut first: BTreeMap<&str, &Place> = BTreeMap::new();
    for Declared { declaration, place } in declared {
        if let Some(before) = first.insert(&declaration.name, place) {
            faults.push(format!(
                "{place}: metadata.name: environment \"{}\" stands in {before} too",
                declaration.name
            ));
        }
    }
}
