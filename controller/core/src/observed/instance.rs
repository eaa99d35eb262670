//! Gathers sessions by the instance that they are on.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// An instance of a fleet with somebody on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OccupiedInstance {
    /// The first, by id, of the sessions on it: `DrainSessionInstance` names an instance by one.
    pub session: String,
    /// Whether it takes nobody else any more; `None` where AWS does not say, or says that this does
    /// not apply, as to instances that serve one person.
    pub is_draining: Option<bool>,
}

impl OccupiedInstance {
    /// Adds a session to the instances that the sessions before it are on. Neither order nor
    /// repetition matters, and of sessions that disagree the one that says "draining" is believed:
    /// nothing takes that back.
    pub fn add(
        instances: &mut BTreeMap<String, Self>,
        instance: String,
        session: String,
        is_draining: Option<bool>,
    ) {
        match instances.entry(instance) {
            Entry::Vacant(free) => {
                free.insert(Self {
                    session,
                    is_draining,
                });
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                if session < known.session {
                    known.session = session;
                }
                // Not told, no, yes: the order of `Option<bool>`.
                known.is_draining = known.is_draining.max(is_draining);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn instances_are_the_same_in_whatever_order_their_sessions_come(
            sessions in proptest::collection::vec((0..3_u8, 0..5_u8, any::<Option<bool>>()), 0..8),
            seed: u64,
        ) {
            let of = |sessions: &[(u8, u8, Option<bool>)]| {
                let mut instances = BTreeMap::new();
                for (instance, session, is_draining) in sessions {
                    let names = (format!("i-{instance}"), format!("s-{session}"));
                    OccupiedInstance::add(&mut instances, names.0, names.1, *is_draining);
                }
                instances
            };
            let mut turned = sessions.clone();
            turned.rotate_left(usize::try_from(seed % 8).unwrap().min(sessions.len()));
            if seed.is_multiple_of(2) {
                turned.reverse();
            }
            prop_assert_eq!(of(&sessions), of(&turned));
            for (instance, _, is_draining) in &sessions {
                let seen = &of(&sessions)[&format!("i-{instance}")];
                prop_assert!(seen.is_draining >= *is_draining);
            }
        }
    }
}
