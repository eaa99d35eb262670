//! Keeps rows and, for a while, what they were before: the past that stale reads are served from.
//!
//! An undo log rather than copies: a change costs the same however big the world is, and only a
//! stale read pays for going back.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeBounds;
use std::sync::Arc;

/// Which mutation makes a change, and how many are remembered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) mutation: u64,
    pub(crate) keep: usize,
}

/// Rows by key, in order.
#[derive(Debug, Clone)]
pub(crate) struct Table<K, V> {
    rows: BTreeMap<K, Arc<V>>,
    log: VecDeque<Undo<K, V>>,
}

#[derive(Debug, Clone)]
struct Undo<K, V> {
    mutation: u64,
    key: K,
    before: Option<Arc<V>>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            log: VecDeque::new(),
        }
    }
}

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key).map(Arc::as_ref)
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        self.rows.contains_key(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter().map(|(key, row)| (key, row.as_ref()))
    }

    pub(crate) fn range(&self, range: impl RangeBounds<K>) -> impl Iterator<Item = (&K, &V)> {
        self.rows.range(range).map(|(key, row)| (key, row.as_ref()))
    }

    pub(crate) fn put(&mut self, stamp: Stamp, key: K, value: V) {
        let before = self.rows.insert(key.clone(), Arc::new(value));
        self.remember(stamp, key, before);
    }

    pub(crate) fn remove(&mut self, stamp: Stamp, key: &K) -> bool {
        let before = self.rows.remove(key);
        let was_there = before.is_some();
        if was_there {
            self.remember(stamp, key.clone(), before);
        }
        was_there
    }

    /// Changes a row in place; false when there is none.
    pub(crate) fn edit(&mut self, stamp: Stamp, key: &K, change: impl FnOnce(&mut V)) -> bool {
        let Some(row) = self.rows.get_mut(key) else {
            return false;
        };
        let before = Arc::clone(row);
        change(Arc::make_mut(row));
        self.remember(stamp, key.clone(), Some(before));
        true
    }

    /// The table after the given mutation, as far as it is remembered.
    pub(crate) fn rewound(&self, to: u64) -> Self {
        let mut rows = self.rows.clone();
        for undo in self.log.iter().rev() {
            if undo.mutation <= to {
                break;
            }
            match &undo.before {
                Some(row) => rows.insert(undo.key.clone(), Arc::clone(row)),
                None => rows.remove(&undo.key),
            };
        }
        Self {
            rows,
            log: VecDeque::new(),
        }
    }

    fn remember(&mut self, stamp: Stamp, key: K, before: Option<Arc<V>>) {
        let oldest = stamp.mutation.saturating_sub(stamp.keep as u64);
        while self.log.front().is_some_and(|undo| undo.mutation <= oldest) {
            self.log.pop_front();
        }
        if stamp.keep > 0 {
            self.log.push_back(Undo {
                mutation: stamp.mutation,
                key,
                before,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn stamp(mutation: u64) -> Stamp {
        Stamp { mutation, keep: 3 }
    }

    fn rows(table: &Table<&'static str, i32>) -> Vec<(&'static str, i32)> {
        table.iter().map(|(key, row)| (*key, *row)).collect()
    }

    #[test]
    fn a_table_goes_back_over_puts_edits_and_removals() {
        let mut table = Table::default();
        table.put(stamp(1), "a", 1);
        table.edit(stamp(2), &"a", |row| *row = 2);
        table.put(stamp(3), "b", 3);
        table.remove(stamp(4), &"a");
        assert_eq!(rows(&table), [("b", 3)]);
        assert_eq!(rows(&table.rewound(3)), [("a", 2), ("b", 3)]);
        assert_eq!(rows(&table.rewound(2)), [("a", 2)]);
        assert_eq!(rows(&table.rewound(1)), [("a", 1)]);
    }

    #[test]
    fn what_is_older_than_the_memory_is_forgotten() {
        let mut table = Table::default();
        for mutation in 1..=10 {
            table.put(stamp(mutation), "a", 1);
        }
        assert_eq!(table.log.len(), 3);
    }
}
