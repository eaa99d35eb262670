//! Relates environments of one scope: the one whose fleet a stack uses, and those that use ours.
//!
//! A fleet may serve several stacks. The environment that declares it owns it; another one names
//! that environment in `fleetRef`, and owns only its stack and the association.
//!
//! # Invariants
//!
//! - A reference leads to an environment with a fleet of its own, never to another reference: there
//!   are no chains, and so no cycles.
//! - What is missing is waited for; what no waiting can mend is said ([`FleetReference::Wrong`]).
//! - Whose a fleet is its tag proves, here as everywhere: a reference is no claim on the fleet.

use uuid::Uuid;

use crate::environment::{Environment, Mode};
use crate::observed::{Observed, ObservedFleet};

/// What a plan depends on beside its own environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// Where the row's `fleetRef` leads.
    pub reference: FleetReference,
    /// Rows whose `fleetRef` names this environment.
    pub referrers: Vec<Referrer>,
}

/// Where a row's `fleetRef` leads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FleetReference {
    /// The row has none.
    #[default]
    None,
    /// To an environment that declares a fleet.
    Fleet(Box<ReferredFleet>),
    /// Nowhere yet, or not any more; why, for people.
    Missing(String),
    /// To what can never serve; why, for people.
    Wrong(String),
}

/// The fleet of another environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferredFleet {
    /// The environment's name.
    pub environment: String,
    /// The environment's identity, which its fleet's tag has to show.
    pub uid: Uuid,
    /// The fleet's name.
    pub fleet: String,
    /// Why the environment does not make the fleet, if it does not, for people.
    pub idle: Option<&'static str>,
    /// Whether the environment is being deleted, and its fleet with it.
    pub is_leaving: bool,
    /// The fleet, as AWS described it.
    pub observed: Observed<ObservedFleet>,
}

/// An environment whose `fleetRef` names this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Its name.
    pub environment: String,
    /// Its identity.
    pub uid: Uuid,
    /// The name of its stack.
    pub stack: String,
    /// Whether it is being deleted.
    pub is_leaving: bool,
}

/// What stands under the name that a `fleetRef` gives.
#[derive(Debug, Clone, Copy)]
pub enum Named<'a> {
    /// An environment of the same scope.
    Environment(&'a Environment),
    /// A row of the same scope that cannot be read.
    Unreadable,
    /// A row of another scope, such as `123456789012/eu-west-1`.
    Elsewhere(&'a str),
    /// Nothing.
    Nothing,
}

/// Follows the `fleetRef` of an environment.
#[must_use]
pub fn follow(environment: &Environment, named: Named<'_>) -> FleetReference {
    let Some(name) = environment.fleet_ref() else {
        return FleetReference::None;
    };
    if name == environment.name {
        let why = format!(
            "fleetRef names the environment itself; declare a fleet, or name the environment that \
             has it instead of \"{name}\""
        );
        return FleetReference::Wrong(why);
    }
    let other = match named {
        Named::Environment(other) => other,
        Named::Unreadable => {
            return FleetReference::Missing(format!("environment \"{name}\" cannot be read"));
        }
        Named::Nothing => {
            return FleetReference::Missing(format!("there is no environment \"{name}\""));
        }
        Named::Elsewhere(scope) => {
            return FleetReference::Wrong(format!(
                "environment \"{name}\" lives in {scope}: a stack uses fleets of its own account \
                 and region only"
            ));
        }
    };
    match (other.fleet_name(), other.fleet_ref()) {
        (Some(fleet), _) => FleetReference::Fleet(Box::new(ReferredFleet {
            environment: other.name.clone(),
            uid: other.uid,
            fleet: fleet.to_owned(),
            idle: idle(other),
            is_leaving: other.is_deleting(),
            observed: Observed::Unknown("not looked at".to_owned()),
        })),
        (None, Some(back)) if back == environment.name => FleetReference::Wrong(format!(
            "environment \"{name}\" refers back to this one; one of the two has to declare the \
             fleet"
        )),
        (None, Some(next)) => FleetReference::Wrong(format!(
            "environment \"{name}\" has no fleet of its own: it refers to \"{next}\"; name that one"
        )),
        (None, None) => {
            FleetReference::Wrong(format!("environment \"{name}\" does not declare a fleet"))
        }
    }
}

/// Why an environment makes no fleet by itself.
const fn idle(environment: &Environment) -> Option<&'static str> {
    match (environment.paused, environment.mode) {
        (true, _) => Some("it is paused"),
        (false, Mode::Observe) => Some("its mode is observe"),
        (false, Mode::Enforce) => None,
    }
}

#[cfg(test)]
mod tests;
