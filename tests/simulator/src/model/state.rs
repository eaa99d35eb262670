//! Keeps the state of AWS proper, with enough of its past for stale reads.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Answer;
use super::table::Stamp;
use crate::config::Config;

/// Everything that calls read and change.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) config: Arc<Config>,
    mutation: u64,
    /// When each remembered mutation happened.
    times: VecDeque<(u64, DateTime<Utc>)>,
}

impl State {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            mutation: 0,
            times: VecDeque::new(),
        }
    }

    /// The stamp of the mutation under way.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            mutation: self.mutation,
            keep: self.config.history,
        }
    }

    /// Makes one change; a refused one does not count.
    pub(crate) fn change(
        &mut self,
        now: DateTime<Utc>,
        write: impl FnOnce(&mut Self) -> Answer,
    ) -> Answer {
        self.mutation += 1;
        let answer = write(self);
        if answer.is_err() {
            self.mutation -= 1;
            return answer;
        }
        while self.times.len() >= self.config.history.max(1) {
            self.times.pop_front();
        }
        self.times.push_back((self.mutation, now));
        answer
    }

    /// The state some mutations ago, and the moment it ended.
    pub(crate) fn rewound(&self, back: usize, now: DateTime<Utc>) -> (Self, DateTime<Utc>) {
        let back = back.min(self.times.len());
        let to = self.mutation.saturating_sub(back as u64);
        let ended = self
            .times
            .iter()
            .find(|(mutation, _)| *mutation > to)
            .map_or(now, |(_, at)| *at);
        (
            Self {
                config: Arc::clone(&self.config),
                mutation: to,
                times: VecDeque::new(),
            },
            ended,
        )
    }

    /// The state without timestamps, for comparing.
    pub(crate) fn snapshot(&self, _now: DateTime<Utc>) -> Value {
        json!({})
    }
}
