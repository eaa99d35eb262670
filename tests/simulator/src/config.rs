//! Describes the AWS to simulate: its account, delays, quotas, rates, and what nobody knows of it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::call::Caller;
use crate::limits::{Quotas, Rates};

/// How a simulator behaves. Start from the default and change what the test is about.
#[derive(Debug, Clone)]
pub struct Config {
    /// The account of calls without a caller.
    pub account: String,
    /// Regions in which [`Config::images`] exist, for every account of the configuration. Others
    /// work too, without images.
    pub regions: Vec<String>,
    /// How long things take.
    pub delays: Delays,
    /// Items on a page of a list. AWS does not publish its own.
    pub page_size: usize,
    /// How the service names the buckets it creates.
    pub naming: HomeBucketNaming,
    /// How much there may be.
    pub quotas: Quotas,
    /// Decides everything that AWS decides at its own discretion: ids, suffixes, orders.
    pub seed: u64,
    /// How fast calls may come.
    pub rates: Rates,
    /// How far the tagging API lags behind.
    pub tag_lag: Duration,
    /// `None` for virtual time; else how fast real time runs.
    pub time_scale: Option<f64>,
    /// Where time starts; a fixed moment in virtual time, now in real time.
    pub start: Option<DateTime<Utc>>,
    /// Access keys that stand for other callers than the account's own, for the HTTP front.
    pub credentials: BTreeMap<String, Caller>,
    /// Whether who deletes a fleet may deregister its scalable target, so that AWS does it.
    pub deletion_deregisters: bool,
    /// Roles that may be assumed, by ARN. Their accounts exist with them.
    pub roles: BTreeMap<String, Trust>,
    /// Which of its possible ways AWS takes where nobody knows.
    pub unknowns: Unknowns,
    /// How many mutations back a stale read can reach.
    pub history: usize,
    /// How many calls the journal keeps.
    pub journal_limit: usize,
    /// Images that exist from the start.
    pub images: Vec<ImageSeed>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            account: "111122223333".to_owned(),
            regions: vec!["eu-west-1".to_owned()],
            delays: Delays::default(),
            page_size: 50,
            naming: HomeBucketNaming::V2,
            quotas: Quotas::aws_defaults(),
            seed: 1,
            rates: Rates::unlimited(),
            tag_lag: Duration::from_secs(5),
            time_scale: None,
            start: None,
            credentials: BTreeMap::new(),
            roles: BTreeMap::new(),
            deletion_deregisters: true,
            unknowns: Unknowns::default(),
            // Reaches past the deepest stale read that the tests ask for, five mutations.
            history: 16,
            journal_limit: 1_000_000,
            images: vec![
                ImageSeed::public("AppStream-WinServer2019-10-01-2026"),
                ImageSeed::private("pcluster-2026-11"),
            ],
        }
    }
}

/// Whom a role trusts, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// Accounts whose principals may assume it.
    pub accounts: Vec<String>,
    /// What they have to say, if anything.
    pub external_id: Option<String>,
    /// Credentials last at most this long. AWS's shortest is an hour; a test that waits in real
    /// time wants less.
    pub longest_session: Duration,
}

/// How long AWS takes for what it does not do at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delays {
    /// A new account of the user pool until batches know it; AWS: at once, or minutes.
    pub user: Duration,
    /// STARTING until RUNNING; AWS: 10 to 20 minutes.
    pub starting: Duration,
    /// STOPPING until STOPPED; AWS: about 5 minutes.
    pub stopping: Duration,
    /// A raised capacity until the instances are available.
    pub provisioning: Duration,
    /// The first stack with home folders until the bucket is there.
    pub home_bucket: Duration,
    /// The first stack with persistent application settings until their bucket is there.
    pub settings_bucket: Duration,
}

impl Delays {
    /// Nothing takes any time.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            starting: Duration::ZERO,
            stopping: Duration::ZERO,
            provisioning: Duration::ZERO,
            home_bucket: Duration::ZERO,
            settings_bucket: Duration::ZERO,
            user: Duration::ZERO,
        }
    }
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            starting: Duration::from_secs(12 * 60),
            stopping: Duration::from_secs(5 * 60),
            provisioning: Duration::from_secs(10 * 60),
            home_bucket: Duration::from_secs(10),
            settings_bucket: Duration::from_secs(10),
            user: Duration::from_secs(3),
        }
    }
}

/// How the service names its buckets: older accounts have the first form, new ones the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HomeBucketNaming {
    /// `appstream2-36fb080bb8-<region>-<account>`.
    V1,
    /// The same with `-` and eight random lower-case letters and digits.
    V2,
}

/// Choices where AWS's behaviour is not documented; a controller has to live with either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknowns {
    /// `AssociateFleet` of a pair that is associated already is refused instead of a success.
    pub associate_again_is_refused: bool,
    /// `StartFleet` on a fleet that is not stopped is refused instead of a success.
    pub start_running_is_refused: bool,
    /// `DisassociateFleet` is refused while the pair has sessions.
    pub disassociate_in_use_is_refused: bool,
    /// `UpdateStack` puts actions that `UserSettings` leaves out back to their default instead of
    /// leaving them alone.
    pub user_settings_replace: bool,
    /// A clipboard's default `MaximumLength` is returned though nobody set it.
    pub maximum_length_is_echoed: bool,
    /// `ResourceIdentifier` of a home folder is the bucket's ARN instead of its name.
    pub resource_identifier_is_arn: bool,
}

impl Default for Unknowns {
    fn default() -> Self {
        Self {
            associate_again_is_refused: false,
            start_running_is_refused: true,
            disassociate_in_use_is_refused: true,
            user_settings_replace: true,
            maximum_length_is_echoed: false,
            resource_identifier_is_arn: false,
        }
    }
}

/// An image to put into the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSeed {
    /// Its name.
    pub name: String,
    /// Its platform, such as `WINDOWS_SERVER_2019`.
    pub platform: String,
    /// Whether it is AWS's own; a public image's ARN has no account.
    pub public: bool,
    /// Instance families it runs on, as the second part of an instance type; empty for all but
    /// graphics.
    pub families: Vec<String>,
}

impl ImageSeed {
    /// A Windows image of the account's own.
    #[must_use]
    pub fn private(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            platform: "WINDOWS_SERVER_2019".to_owned(),
            public: false,
            families: Vec::new(),
        }
    }

    /// A Windows base image of AWS's.
    #[must_use]
    pub fn public(name: &str) -> Self {
        Self {
            public: true,
            ..Self::private(name)
        }
    }
}
