//! Cuts lists into pages and makes the tokens that lead from one to the next.
//!
//! A token holds the last name that was listed, so that what is created or deleted between two
//! pages neither repeats nor hides anything else. It carries a checksum: a token that was tampered
//! with, or belongs to another list, is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Place, seeded};
use crate::call::ServiceError;

/// A list to cut: which, whose, and how big its pages are.
#[derive(Debug)]
pub(crate) struct Pager<'a> {
    pub(crate) seed: u64,
    pub(crate) list: &'a str,
    pub(crate) place: &'a Place,
    pub(crate) size: usize,
}

/// One page and the way to the next.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

impl Page<Value> {
    /// The answer of an AppStream list.
    pub(crate) fn into_answer(self, list: &str) -> Value {
        match self.next {
            None => json!({list: self.items}),
            Some(token) => json!({list: self.items, "NextToken": token}),
        }
    }
}

impl Pager<'_> {
    /// The name after which a page begins; nothing for the first one.
    pub(crate) fn start(&self, token: Option<&str>) -> Result<Option<String>, ServiceError> {
        let Some(token) = token else { return Ok(None) };
        let last = URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| {
                let (check, last) = text.split_once(' ')?;
                (check == self.checksum(last)).then(|| last.to_owned())
            });
        last.map(Some).ok_or_else(|| {
            ServiceError::new(
                "ValidationException",
                format!("The NextToken of {} is not valid.", self.list),
            )
        })
    }

    /// The first page of what follows. Items on it are in no particular order, as AWS's are.
    pub(crate) fn cut<T>(&self, mut rest: impl Iterator<Item = (String, T)>) -> Page<T> {
        let mut named: Vec<_> = rest.by_ref().take(self.size.max(1)).collect();
        let next = match (named.last(), rest.next()) {
            (Some((last, _)), Some(_)) => Some(self.token(last)),
            _ => None,
        };
        seeded::shuffle(self.seed, &mut named, |(name, _)| name.clone());
        Page {
            items: named.into_iter().map(|(_, item)| item).collect(),
            next,
        }
    }

    fn token(&self, last: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {last}", self.checksum(last)))
    }

    fn checksum(&self, last: &str) -> String {
        let Place { account, region } = self.place;
        let label = format!("{}|{account}|{region}|{last}", self.list);
        format!("{:016x}", seeded::draw(self.seed, &label))
    }
}
