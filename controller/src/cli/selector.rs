//! Reads label selectors: `team=cfd,stage!=test,owner,!legacy`.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use streamkeeper_state::StatusFilter;

/// Labels that environments must or must not carry; all of it holds for those that are selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    /// `key=value`: carries exactly this.
    equals: BTreeMap<String, String>,
    /// `key!=value`: carries another value, or no such label.
    differs: BTreeSet<(String, String)>,
    /// `key`: carries the label.
    exists: BTreeSet<String>,
    /// `!key`: does not carry the label.
    absent: BTreeSet<String>,
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut selector = Self::default();
        for part in text.split(',') {
            selector.require(part.trim())?;
        }
        Ok(selector)
    }
}

impl Selector {
    fn require(&mut self, part: &str) -> Result<(), String> {
        if let Some((key, value)) = part.split_once("!=") {
            self.differs.insert((read_key(key)?, read_value(value)?));
        } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            let (key, value) = (read_key(key)?, read_value(value)?);
            if let Some(other) = self.equals.insert(key.clone(), value.clone())
                && other != value
            {
                return Err(format!("{key} cannot be both {other} and {value}"));
            }
        } else if let Some(key) = part.strip_prefix('!') {
            self.absent.insert(read_key(key)?);
        } else {
            self.exists.insert(read_key(part)?);
        }
        Ok(())
    }

    /// The environments that are selected.
    pub(crate) fn to_filter(&self) -> StatusFilter {
        let Self {
            equals,
            differs,
            exists,
            absent,
        } = self.clone();
        StatusFilter {
            names: Vec::new(),
            labels: equals,
            labels_differ: differs,
            labels_exist: exists,
            labels_absent: absent,
        }
    }
}

fn read_key(text: &str) -> Result<String, String> {
    let key = text.trim();
    let set_based = key.contains(['(', ')', ' ']);
    if set_based {
        Err(format!(
            "\"{key}\" is not a label; selectors are key=value, key!=value, key or !key"
        ))
    } else if key.is_empty() {
        Err("a label's name is missing".to_owned())
    } else if key.contains(['=', '!']) {
        Err(format!("\"{key}\" is not a label's name"))
    } else {
        Ok(key.to_owned())
    }
}

fn read_value(text: &str) -> Result<String, String> {
    let value = text.trim();
    if value.contains(['=', '!']) {
        Err(format!("\"{value}\" is not a label's value"))
    } else {
        Ok(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    fn read(text: &str) -> StatusFilter {
        text.parse::<Selector>().unwrap().to_filter()
    }

    #[test]
    fn every_kind_of_requirement_is_read() {
        let expected = StatusFilter {
            names: Vec::new(),
            labels: [("team".to_owned(), "cfd".to_owned())].into(),
            labels_differ: [("stage".to_owned(), "test".to_owned())].into(),
            labels_exist: keys(&["owner", "site"]),
            labels_absent: keys(&["legacy"]),
        };
        assert_eq!(read("team=cfd, stage!=test,owner,!legacy,site"), expected);
        assert_eq!(read("a==b"), read("a=b"));
    }

    #[test]
    fn an_empty_value_is_a_value() {
        assert_eq!(
            read("owner=").labels,
            [("owner".to_owned(), String::new())].into()
        );
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in [
            "", ",", "a=b,", "=b", "!", "a in (b", "a=b=c", "a=b,a=c", "a!b",
        ] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }
}
