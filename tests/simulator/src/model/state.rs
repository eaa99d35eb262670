//! Keeps the state of AWS proper, with enough of its past for stale reads.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::bucket::Bucket;
use super::cloudformation::CloudStack;
use super::entitlement::{self, Entitlement};
use super::fleet::Fleet;
use super::iam::Principals;
use super::image::Image;
use super::scaling::Target;
use super::session::Session;
use super::stack::Stack;
use super::table::{Stamp, Table};
use super::tagging::TagHistory;
use super::theme::Theme;
use super::user::User;
use super::{Answer, Place, application};
use crate::call::{Caller, ServiceError};
use crate::config::Config;

/// A name in a place.
pub(crate) type Named = (Place, String);
/// A place, a stack and a user.
pub(crate) type StackUser = (Place, String, String);
/// Tags, in order.
pub(crate) type Tags = BTreeMap<String, String>;

/// Everything that calls read and change.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) config: Arc<Config>,
    pub(crate) fleets: Table<Named, Fleet>,
    pub(crate) stacks: Table<Named, Stack>,
    pub(crate) images: Table<Named, Image>,
    /// Scalable targets, by place and fleet.
    pub(crate) targets: Table<Named, Target>,
    /// By place, fleet and id.
    pub(crate) sessions: Table<(Place, String, String), Session>,
    pub(crate) users: Table<Named, User>,
    pub(crate) stack_users: Table<StackUser, ()>,
    pub(crate) entitlements: Table<entitlement::Key, Entitlement>,
    /// By place and stack.
    pub(crate) themes: Table<Named, Theme>,
    /// Applications by ARN, put there by hand.
    pub(crate) applications: Table<Named, ()>,
    pub(crate) fleet_applications: Table<application::Key, ()>,
    /// Stacks of CloudFormation, by place and ARN, put there by hand.
    pub(crate) cloud_stacks: Table<Named, CloudStack>,
    /// By name alone: bucket names are the whole world's.
    pub(crate) buckets: Table<String, Bucket>,
    /// What the tagging API knows, by place and ARN.
    pub(crate) tagged: Table<Named, TagHistory>,
    /// Facts outside AppStream and S3, not rewound.
    pub(crate) surroundings: Surroundings,
    mutation: u64,
    /// When each remembered mutation happened.
    times: VecDeque<(u64, DateTime<Utc>)>,
}

/// What AppStream meets in the account without keeping it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    /// Roles that AppStream cannot use until a moment.
    pub(crate) hidden_roles: BTreeMap<String, DateTime<Utc>>,
    /// `AmazonAppStreamServiceAccess` is missing.
    pub(crate) service_role_is_missing: bool,
    /// Roles and users.
    pub(crate) principals: Principals,
    /// How many buckets the service has created under a prefix, for their random ends.
    pub(crate) bucket_serials: BTreeMap<String, u64>,
    /// Whom the access keys that `AssumeRole` gave out stand for, and until when.
    pub(crate) assumed: BTreeMap<String, (Caller, DateTime<Utc>)>,
    /// Sessions that a stop has ended under their users.
    pub(crate) sessions_cut: u64,
    /// Users whom no batch takes, and the code that it answers about them.
    pub(crate) refused_users: BTreeMap<String, String>,
}

impl State {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        let mut state = Self {
            config: Arc::clone(&config),
            fleets: Table::default(),
            stacks: Table::default(),
            images: Table::default(),
            targets: Table::default(),
            sessions: Table::default(),
            users: Table::default(),
            stack_users: Table::default(),
            entitlements: Table::default(),
            themes: Table::default(),
            applications: Table::default(),
            fleet_applications: Table::default(),
            cloud_stacks: Table::default(),
            buckets: Table::default(),
            tagged: Table::default(),
            surroundings: Surroundings::default(),
            mutation: 0,
            times: VecDeque::new(),
        };
        let accounts: BTreeSet<&str> = config
            .credentials
            .values()
            .map(|caller| caller.account.as_str())
            .chain([config.account.as_str()])
            .chain(config.roles.keys().filter_map(|arn| account_of(arn)))
            .collect();
        for account in accounts {
            for region in &config.regions {
                let place = Place {
                    account: account.to_owned(),
                    region: region.clone(),
                };
                state.seed_images(&place);
            }
        }
        state
    }

    fn seed_images(&mut self, place: &Place) {
        let stamp = Stamp {
            mutation: 0,
            keep: 0,
        };
        for seed in &self.config.images {
            let image = Image::from_seed(seed, place);
            let key = (place.clone(), seed.name.clone());
            self.images.put(stamp, key, image);
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
    pub(crate) fn change<T>(
        &mut self,
        now: DateTime<Utc>,
        write: impl FnOnce(&mut Self) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
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
        let past = Self {
            config: Arc::clone(&self.config),
            fleets: self.fleets.rewound(to),
            stacks: self.stacks.rewound(to),
            images: self.images.rewound(to),
            targets: self.targets.rewound(to),
            sessions: self.sessions.rewound(to),
            users: self.users.rewound(to),
            stack_users: self.stack_users.rewound(to),
            entitlements: self.entitlements.rewound(to),
            themes: self.themes.rewound(to),
            applications: self.applications.rewound(to),
            fleet_applications: self.fleet_applications.rewound(to),
            cloud_stacks: self.cloud_stacks.rewound(to),
            buckets: self.buckets.rewound(to),
            tagged: self.tagged.rewound(to),
            surroundings: self.surroundings.clone(),
            mutation: to,
            times: VecDeque::new(),
        };
        (past, ended)
    }

    /// Remembers an object's tags for the tagging API; `None` when the object is gone.
    pub(crate) fn index_tags(
        &mut self,
        place: &Place,
        arn: &str,
        tags: Option<&Tags>,
        now: DateTime<Utc>,
    ) {
        let stamp = self.stamp();
        let key = (place.clone(), arn.to_owned());
        let mut history = self.tagged.get(&key).cloned().unwrap_or_default();
        let has_news = history.record(now, tags.cloned(), self.config.tag_lag);
        if has_news {
            self.tagged.put(stamp, key, history);
        }
    }

    /// The state without timestamps, for comparing.
    pub(crate) fn snapshot(&self, now: DateTime<Utc>) -> Value {
        let mut places: BTreeMap<&Place, BTreeMap<&str, Map<String, Value>>> = BTreeMap::new();
        for ((place, name), fleet) in self.fleets.iter() {
            let kinds = places.entry(place).or_default();
            let document = fleet.snapshot(self, place, name, now);
            kinds
                .entry("fleets")
                .or_default()
                .insert(name.clone(), document);
        }
        for ((place, name), stack) in self.stacks.iter() {
            let kinds = places.entry(place).or_default();
            let document = stack.snapshot(self, place, name, now);
            kinds
                .entry("stacks")
                .or_default()
                .insert(name.clone(), document);
        }
        for ((place, name), user) in self.users.iter() {
            let kinds = places.entry(place).or_default();
            let users = kinds.entry("users").or_default();
            users.insert(name.clone(), user.snapshot());
        }
        for ((place, stack, user), ()) in self.stack_users.iter() {
            let kinds = places.entry(place).or_default();
            let pairs = kinds.entry("user stacks").or_default();
            pairs.insert(format!("{stack}/{user}"), Value::Null);
        }
        for ((place, fleet), target) in self.targets.iter() {
            let kinds = places.entry(place).or_default();
            kinds
                .entry("targets")
                .or_default()
                .insert(fleet.clone(), target.snapshot());
        }
        for ((place, stack, name), entitlement) in self.entitlements.iter() {
            let kinds = places.entry(place).or_default();
            let all = kinds.entry("entitlements").or_default();
            all.insert(format!("{stack}/{name}"), entitlement.snapshot());
        }
        for ((place, stack), theme) in self.themes.iter() {
            let kinds = places.entry(place).or_default();
            let all = kinds.entry("themes").or_default();
            all.insert(stack.clone(), theme.snapshot());
        }
        for ((place, fleet, application), ()) in self.fleet_applications.iter() {
            let kinds = places.entry(place).or_default();
            let pairs = kinds.entry("fleet applications").or_default();
            pairs.insert(format!("{fleet} {application}"), Value::Null);
        }
        for ((place, arn), stack) in self.cloud_stacks.iter() {
            let kinds = places.entry(place).or_default();
            let all = kinds.entry("cloud stacks").or_default();
            all.insert(arn.clone(), stack.snapshot());
        }
        let buckets: Map<String, Value> = self
            .buckets
            .iter()
            .filter(|(_, bucket)| bucket.is_visible(now))
            .map(|(name, bucket)| (name.clone(), bucket.snapshot()))
            .collect();
        let places: Map<String, Value> = places
            .into_iter()
            .map(|(place, kinds)| (format!("{}/{}", place.account, place.region), json!(kinds)))
            .collect();
        json!({"places": places, "buckets": buckets})
    }
}

/// The rows of one place, from after a name on.
pub(crate) fn rows_in<'a, V: Clone>(
    table: &'a Table<Named, V>,
    place: &'a Place,
    after: Option<&str>,
) -> impl Iterator<Item = (&'a str, &'a V)> {
    let start = match after {
        None => Bound::Included((place.clone(), String::new())),
        Some(name) => Bound::Excluded((place.clone(), name.to_owned())),
    };
    table
        .range((start, Bound::Unbounded))
        .take_while(move |((other, _), _)| other == place)
        .map(|((_, name), row)| (name.as_str(), row))
}

/// The account that an ARN names.
pub(crate) fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

/// An empty answer.
pub(crate) fn done() -> Answer {
    Ok(json!({}))
}

/// A moment as JSON 1.1 has it: epoch seconds, fractions and all.
pub(crate) fn seconds(moment: DateTime<Utc>) -> Value {
    let millis = i32::try_from(moment.timestamp_subsec_millis()).unwrap_or(0);
    // Seconds since 1970 stay below 2^53 for any date chrono knows.
    json!(moment.timestamp() as f64 + f64::from(millis) / 1000.0)
}

/// The tags of an input.
pub(crate) fn tags_of(input: &Map<String, Value>) -> Tags {
    input
        .get("Tags")
        .and_then(Value::as_object)
        .map(|tags| {
            tags.iter()
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect()
        })
        .unwrap_or_default()
}
