//! Gives rows their names: that of the fleet or stack, or the next one that is free.

use std::collections::BTreeSet;

use super::ExistingRow;

/// Longest name of an environment (AWS's model of a name).
const LONGEST: usize = 101;

/// Names that are taken.
#[derive(Debug)]
pub(super) struct Names<'a> {
    rows: BTreeSet<&'a str>,
    given: BTreeSet<String>,
}

impl<'a> Names<'a> {
    pub(super) fn new(rows: &'a [ExistingRow]) -> Self {
        Self {
            rows: rows.iter().map(|row| row.name.as_str()).collect(),
            given: BTreeSet::new(),
        }
    }

    /// Takes the wished name, or one made of it where another row of this import has it. A name
    /// that a row has already is that row's: what it stands for is for a human to say.
    pub(super) fn take(&mut self, wish: &str, kind: &str) -> Result<String, String> {
        if self.rows.contains(wish) {
            return Err(format!(
                "environment {wish} has its name and does not declare it; declare it there, or \
                 insert a row by hand"
            ));
        }
        let made = |n: usize| match n {
            0 => wish.to_owned(),
            1 => format!("{wish}-{kind}"),
            _ => format!("{wish}-{kind}-{n}"),
        };
        // As many names as there are takers, and one.
        let tries = self.rows.len() + self.given.len() + 1;
        let free = (0..=tries)
            .map(made)
            .find(|name| !self.rows.contains(name.as_str()) && !self.given.contains(name));
        match free {
            Some(name) if name.len() <= LONGEST => {
                self.given.insert(name.clone());
                Ok(name)
            }
            Some(_) | None => Err(format!(
                "another row of this import is named {wish}; insert a row by hand"
            )),
        }
    }
}
