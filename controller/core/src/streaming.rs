//! Judges whether somebody may be let into an environment by a streaming URL.
//!
//! Whoever has such a URL is in, as the person it names, without a password. So nobody is let in
//! on a guess: stack and fleet have to be the environment's own by their tags, read by name.
//!
//! Limits come from the API reference of `CreateStreamingURL`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::environment::{Environment, Mode};
use crate::neighbours::FleetReference;
use crate::observed::{FleetState, Observed, ObservedFleet, ObservedStack, ObservedTags};
use crate::plan::{ENVIRONMENT_TAG, UID_TAG};

/// Who will be in the session, as AppStream takes it: 2 to 32 of `[\w+=,.@-]`. Capitals count, and
/// the name leads to the person's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserId(String);

impl UserId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_allowed =
            |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
        if let Some(letter) = text.chars().find(|letter| !is_allowed(*letter)) {
            return Err(format!(
                "{letter:?} cannot be in a user's id; letters, digits and _+=,.@- can"
            ));
        }
        // Every character is one byte by now.
        if (2..=32).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "a user's id has 2 to 32 characters, and this has {}",
                text.len()
            ))
        }
    }
}

/// How long a streaming URL can be opened: whole seconds, from one to those of a week. A session
/// that began in time goes on after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity(u32);

/// A week, in seconds.
const LONGEST: u64 = 604_800;

impl Validity {
    /// Takes a duration.
    ///
    /// # Errors
    ///
    /// Fails with what AppStream would not take, for people.
    pub fn new(duration: Duration) -> Result<Self, String> {
        if duration.subsec_nanos() != 0 {
            return Err("AppStream counts whole seconds".to_owned());
        }
        u32::try_from(duration.as_secs())
            .ok()
            .filter(|seconds| (1..=LONGEST).contains(&u64::from(*seconds)))
            .map(Self)
            .ok_or_else(|| "a streaming URL is valid for 1s to 168h, which is a week".to_owned())
    }

    /// The seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

/// Why nobody is let in, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Why.
    pub why: String,
    /// What to do.
    pub hint: String,
}

impl Closed {
    fn new(why: String, hint: String) -> Self {
        Self { why, hint }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Closed {}

/// Through which stack people get onto which fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrance {
    /// The environment that was asked for.
    pub environment: String,
    /// Its stack.
    pub stack: String,
    /// Its fleet, or the one that its `fleetRef` leads to.
    pub fleet: String,
    /// The environment that has to own the stack.
    stack_owner: Owner,
    /// The environment that has to own the fleet.
    fleet_owner: Owner,
}

/// An environment, and what proves that it owns something.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owner {
    environment: String,
    uid: String,
    mode: Option<Mode>,
}

impl Entrance {
    /// What a row says about the way in.
    ///
    /// # Errors
    ///
    /// Fails when the row has no stack or no fleet, or is being deleted.
    pub fn of(environment: &Environment, reference: &FleetReference) -> Result<Self, Closed> {
        let name = &environment.name;
        if environment.is_deleting() {
            return Err(Closed::new(
                format!("environment \"{name}\" is being deleted"),
                "ask for a URL of another environment".to_owned(),
            ));
        }
        let stack = environment.stack_name().ok_or_else(|| {
            Closed::new(
                format!("environment \"{name}\" has no stack, and people come in through one"),
                "declare a `stack`, or name an environment whose `fleetRef` leads here".to_owned(),
            )
        })?;
        let own = Owner {
            environment: name.clone(),
            uid: environment.uid_tag(),
            mode: Some(environment.mode),
        };
        let (fleet, fleet_owner) = match (environment.fleet_name(), reference) {
            (Some(fleet), _) => (fleet.to_owned(), own.clone()),
            (None, FleetReference::Fleet(referred)) => {
                let owner = Owner {
                    environment: referred.environment.clone(),
                    uid: referred.uid.hyphenated().to_string(),
                    mode: None,
                };
                (referred.fleet.clone(), owner)
            }
            (None, FleetReference::Missing(why) | FleetReference::Wrong(why)) => {
                return Err(Closed::new(
                    why.clone(),
                    "correct the row's `fleetRef`".to_owned(),
                ));
            }
            (None, FleetReference::None) => {
                return Err(Closed::new(
                    format!("environment \"{name}\" has no fleet"),
                    "declare a `fleet`, or name one with `fleetRef`".to_owned(),
                ));
            }
        };
        Ok(Self {
            environment: name.clone(),
            stack: stack.to_owned(),
            fleet,
            stack_owner: own,
            fleet_owner,
        })
    }

    /// Judges by what AWS said of the two when it was asked for them by name; the stack, when
    /// somebody may be let in.
    ///
    /// # Errors
    ///
    /// Fails when one is missing, unknown or not the environment's, or when the fleet does not run.
    pub fn judge<'a>(
        &self,
        stack: &'a Observed<ObservedStack>,
        fleet: &Observed<ObservedFleet>,
    ) -> Result<&'a ObservedStack, Closed> {
        let object = format!("stack/{}", self.stack);
        let stack = self.there(&object, stack)?;
        owned(&object, &stack.tags, &self.stack_owner)?;
        let object = format!("fleet/{}", self.fleet);
        let fleet = self.there(&object, fleet)?;
        owned(&object, &fleet.tags, &self.fleet_owner)?;
        self.running(&object, &fleet.state)?;
        Ok(stack)
    }

    fn there<'a, T>(&self, object: &str, observed: &'a Observed<T>) -> Result<&'a T, Closed> {
        match observed {
            Observed::Present(it) => Ok(it),
            Observed::Absent => Err(Closed::new(
                format!("{object} does not exist"),
                format!(
                    "`streamkeeper plan {}` says what comes next",
                    self.environment
                ),
            )),
            Observed::Unknown(why) => Err(unknown(object, why)),
        }
    }

    fn running(&self, object: &str, state: &FleetState) -> Result<(), Closed> {
        let owner = &self.fleet_owner.environment;
        let hint = match state {
            FleetState::Running => return Ok(()),
            FleetState::Starting => {
                format!("`streamkeeper wait {owner} --for=condition=Ready` waits for it")
            }
            FleetState::Stopping | FleetState::Stopped | FleetState::Other(_) => format!(
                "`\"state\": \"RUNNING\"` in the fleet of environment \"{owner}\" starts it; \
                 `streamkeeper plan {owner}` says what it waits for"
            ),
        };
        Err(Closed::new(
            format!(
                "{object} is {}, and people get onto a RUNNING one",
                state.as_str()
            ),
            hint,
        ))
    }
}

/// Whether an object is the environment's: only its tag proves it.
fn owned(object: &str, tags: &ObservedTags, owner: &Owner) -> Result<(), Closed> {
    let tags = match tags {
        ObservedTags::Known(tags) => tags,
        ObservedTags::Listed(_) => return Err(unknown(object, "its tags were only listed")),
        ObservedTags::Unknown(why) => return Err(unknown(object, why)),
    };
    let name = &owner.environment;
    match tags.get(UID_TAG) {
        Some(uid) if *uid == owner.uid => Ok(()),
        Some(_) => {
            let other = tags.get(ENVIRONMENT_TAG);
            let other = other
                .map(|other| format!(", of {other}"))
                .unwrap_or_default();
            Err(Closed::new(
                format!(
                    "{object} is not environment \"{name}\"'s: it carries the {UID_TAG} of another{other}"
                ),
                format!("`streamkeeper describe {name}` says what the conflict is"),
            ))
        }
        None => Err(Closed::new(
            format!("{object} is not environment \"{name}\"'s: it carries no {UID_TAG}"),
            if owner.mode == Some(Mode::Observe) {
                "its row only watches; mode `enforce` puts the tag on".to_owned()
            } else {
                format!("`streamkeeper describe {name}` says what the conflict is")
            },
        )),
    }
}

fn unknown(object: &str, why: &str) -> Closed {
    Closed::new(
        format!("it is not known whose {object} is: {why}"),
        "nobody is let in on a guess; `streamkeeper iam-policy --for url` prints the permissions \
         that this needs"
            .to_owned(),
    )
}

/// Whether a stack gives people a folder in the shared bucket.
#[must_use]
pub fn has_home_folders(stack: &ObservedStack) -> bool {
    let connectors = stack.settings.storage_connectors.iter().flatten();
    connectors
        .into_iter()
        .any(|connector| connector.connector_type == "HOMEFOLDERS")
}

#[cfg(test)]
mod tests;
