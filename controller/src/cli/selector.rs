//! Reads label selectors: `team=cfd,stage!=test,owner,!legacy`.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// Labels that environments must or must not carry; all of it holds for those that are selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    /// `key=value`: carries exactly this.
    pub(crate) equals: BTreeMap<String, String>,
    /// `key!=value`: carries another value, or no such label.
    pub(crate) differs: BTreeSet<(String, String)>,
    /// `key`: carries the label.
    pub(crate) exists: BTreeSet<String>,
    /// `!key`: does not carry the label.
    pub(crate) absent: BTreeSet<String>,
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

    /// Whether these labels are what is asked for.
    pub(crate) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let Self {
            equals,
            differs,
            exists,
            absent,
        } = self;
        equals
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
            && differs
                .iter()
                .all(|(key, value)| labels.get(key) != Some(value))
            && exists.iter().all(|key| labels.contains_key(key))
            && !absent.iter().any(|key| labels.contains_key(key))
    }

    /// Whether equality is all that is asked for.
    pub(crate) fn is_plain(&self) -> bool {
        self.differs.is_empty() && self.exists.is_empty() && self.absent.is_empty()
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

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn every_part_must_hold() {
        let selector: Selector = "team=cfd, stage!=test,owner,!legacy".parse().unwrap();
        let good = [("team", "cfd"), ("owner", "")];
        assert!(selector.matches(&labels(&good)));
        let stage = [good[0], good[1], ("stage", "prod")];
        assert!(selector.matches(&labels(&stage)));
        for wrong in [
            vec![("team", "crash"), ("owner", "")],
            vec![("owner", "")],
            vec![("team", "cfd")],
            vec![good[0], good[1], ("stage", "test")],
            vec![good[0], good[1], ("legacy", "no")],
        ] {
            assert!(!selector.matches(&labels(&wrong)), "{wrong:?}");
        }
    }

    #[test]
    fn both_equality_signs_are_read() {
        let one: Selector = "a=b".parse().unwrap();
        let two: Selector = "a==b".parse().unwrap();
        assert_eq!(one, two);
        assert!(one.is_plain());
        assert!(!"a!=b".parse::<Selector>().unwrap().is_plain());
    }

    #[test]
    fn an_empty_value_is_a_value() {
        let selector: Selector = "owner=".parse().unwrap();
        assert!(selector.matches(&labels(&[("owner", "")])));
        assert!(!selector.matches(&labels(&[])));
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
