//! Models streaming sessions: put there by hand, seen by fleets, ended by stops.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::fleet::{Fleet, FleetState};
use super::page::Pager;
use super::state::{State, done, seconds};
use super::{Answer, Place, Request, errors, seeded};

/// A session of one user.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) stack: String,
    pub(crate) user: String,
    /// `ACTIVE`, `PENDING` or `EXPIRED`.
    pub(crate) state: String,
    pub(crate) connected: bool,
    pub(crate) started: DateTime<Utc>,
    /// The id of the instance that it is on.
    pub(crate) instance: String,
    /// Whether that instance takes nobody else any more.
    pub(crate) draining: bool,
}

const EXPIRED: &str = "EXPIRED";

impl Session {
    fn is_live(&self) -> bool {
        self.state != EXPIRED
    }

    fn document(&self, fleet: &str, id: &str, is_multi_session: bool) -> Value {
        let drain_status = match (is_multi_session, self.draining) {
            (false, _) => "NOT_APPLICABLE",
            (true, true) => "DRAINING",
            (true, false) => "ACTIVE",
        };
        json!({
            "Id": id,
            "UserId": self.user,
            "StackName": self.stack,
            "FleetName": fleet,
            "State": self.state,
            "ConnectionState": if self.connected { "CONNECTED" } else { "NOT_CONNECTED" },
            "StartTime": seconds(self.started),
            "AuthenticationType": "API",
            "InstanceId": self.instance,
            "InstanceDrainStatus": drain_status,
        })
    }
}

/// The sessions of a fleet, by id.
fn of_fleet<'a>(
    state: &'a State,
    place: &Place,
    fleet: &str,
) -> impl Iterator<Item = (&'a str, &'a Session)> {
    let start = (place.clone(), fleet.to_owned(), String::new());
    let (place, fleet) = (place.clone(), fleet.to_owned());
    state
        .sessions
        .range(start..)
        .take_while(move |((in_place, of, _), _)| *in_place == place && *of == fleet)
        .map(|((_, _, id), session)| (id.as_str(), session))
}

/// How many people hold an instance of the fleet.
pub(crate) fn in_use(state: &State, place: &Place, fleet: &str) -> i64 {
    let live = of_fleet(state, place, fleet).filter(|(_, session)| session.is_live());
    i64::try_from(live.count()).unwrap_or(i64::MAX)
}

/// Live sessions by instance that is being drained. One that nobody is left on is replaced at once.
pub(crate) fn draining(state: &State, place: &Place, fleet: &str) -> BTreeMap<String, i64> {
    let mut instances = BTreeMap::new();
    for (_, session) in of_fleet(state, place, fleet) {
        if session.is_live() && session.draining {
            *instances.entry(session.instance.clone()).or_default() += 1;
        }
    }
    instances
}

/// Whether people stream from the fleet through the stack.
pub(crate) fn is_pair_in_use(state: &State, place: &Place, fleet: &str, stack: &str) -> bool {
    of_fleet(state, place, fleet).any(|(_, session)| session.is_live() && session.stack == stack)
}

/// Ends every session of a fleet under its user.
pub(crate) fn cut(state: &mut State, place: &Place, fleet: &str) {
    let live: Vec<String> = of_fleet(state, place, fleet)
        .filter(|(_, session)| session.is_live())
        .map(|(id, _)| id.to_owned())
        .collect();
    for id in live {
        state.surroundings.sessions_cut += 1;
        expire(state, (place.clone(), fleet.to_owned(), id));
    }
}

fn expire(state: &mut State, key: (Place, String, String)) {
    let stamp = state.stamp();
    state.sessions.edit(stamp, &key, |session| {
        session.state = EXPIRED.to_owned();
        session.connected = false;
    });
}

/// Drops what is left of a deleted fleet's sessions.
pub(crate) fn forget(state: &mut State, place: &Place, fleet: &str) {
    let ids: Vec<String> = of_fleet(state, place, fleet)
        .map(|(id, _)| id.to_owned())
        .collect();
    let stamp = state.stamp();
    for id in ids {
        state
            .sessions
            .remove(stamp, &(place.clone(), fleet.to_owned(), id));
    }
}

/// `DescribeSessions`. A fleet or stack that does not exist simply has none: no error is declared.
pub(crate) fn describe(state: &State, request: &Request<'_>) -> Answer {
    let (stack, fleet) = (request.required("StackName"), request.required("FleetName"));
    let limit = request.integer("Limit").unwrap_or(20);
    if !(1..=50).contains(&limit) {
        return Err(errors::out_of_range("Limit", "between 1 and 50"));
    }
    let pager = Pager {
        seed: state.config.seed,
        list: "DescribeSessions",
        place: &request.place,
        size: usize::try_from(limit).unwrap_or(20),
    };
    let after = pager.start(request.text("NextToken"))?;
    let (user, instance) = (request.text("UserId"), request.text("InstanceId"));
    let is_multi_session = is_multi_session(state, &request.place, fleet);
    let page = pager.cut(
        of_fleet(state, &request.place, fleet)
            .filter(|(id, session)| {
                session.stack == stack
                    && user.is_none_or(|user| user == session.user)
                    && instance.is_none_or(|instance| instance == session.instance)
                    && after.as_deref().is_none_or(|after| *id > after)
            })
            .map(|(id, session)| {
                let document = session.document(fleet, id, is_multi_session);
                (id.to_owned(), document)
            }),
    );
    Ok(page.into_answer("Sessions"))
}

/// `ExpireSession`. An id that nobody has is a success, as no error is declared.
pub(crate) fn expire_one(state: &mut State, request: &Request<'_>) -> Answer {
    let id = request.required("SessionId");
    if let Some((key, _)) = by_id(state, &request.place, id) {
        expire(state, key);
    }
    done()
}

/// `DrainSessionInstance`: the instance of a session takes nobody else any more. That it is for
/// multi-session fleets only is in its documentation; the error for others is declared.
pub(crate) fn drain_instance(state: &mut State, request: &Request<'_>) -> Answer {
    let id = request.required("SessionId");
    let found = by_id(state, &request.place, id).filter(|(_, session)| session.is_live());
    let ((place, fleet, _), session) = found.ok_or_else(|| errors::not_found("session", id))?;
    if !is_multi_session(state, &place, &fleet) {
        return Err(errors::not_permitted(format!(
            "The fleet {fleet} is not a multi-session fleet."
        )));
    }
    let beside: Vec<String> = of_fleet(state, &place, &fleet)
        .filter(|(_, other)| other.is_live() && other.instance == session.instance)
        .map(|(id, _)| id.to_owned())
        .collect();
    let stamp = state.stamp();
    for id in beside {
        let key = (place.clone(), fleet.clone(), id);
        state
            .sessions
            .edit(stamp, &key, |session| session.draining = true);
    }
    done()
}

fn by_id(state: &State, place: &Place, id: &str) -> Option<((Place, String, String), Session)> {
    state
        .sessions
        .iter()
        .find(|((in_place, _, other), _)| in_place == place && other == id)
        .map(|(key, session)| (key.clone(), session.clone()))
}

fn is_multi_session(state: &State, place: &Place, fleet: &str) -> bool {
    let found = state.fleets.get(&(place.clone(), fleet.to_owned()));
    found.is_some_and(Fleet::is_multi_session)
}

/// `CreateStreamingURL`. Nothing in AWS changes until somebody opens it.
pub(crate) fn create_streaming_url(state: &State, request: &Request<'_>) -> Answer {
    let (stack, fleet) = (request.required("StackName"), request.required("FleetName"));
    let validity = request.integer("Validity").unwrap_or(60);
    if !(1..=604_800).contains(&validity) {
        return Err(errors::out_of_range("Validity", "between 1 and 604800"));
    }
    let found = state
        .fleets
        .get(&(request.place.clone(), fleet.to_owned()))
        .ok_or_else(|| errors::not_found("fleet", fleet))?;
    if !state
        .stacks
        .contains(&(request.place.clone(), stack.to_owned()))
    {
        return Err(errors::not_found("stack", stack));
    }
    if !found.stacks.contains(stack) {
        return Err(errors::not_permitted(format!(
            "The fleet {fleet} is not associated with the stack {stack}."
        )));
    }
    if found.state(request.now) != FleetState::Running {
        return Err(errors::not_available(format!(
            "The fleet {fleet} is not running."
        )));
    }
    let label = format!(
        "{stack}|{fleet}|{}|{}",
        request.required("UserId"),
        request.now
    );
    let parameters = seeded::suffix(state.config.seed, &label, 64);
    let expires = request.now + chrono::TimeDelta::seconds(validity);
    Ok(json!({
        "StreamingURL": format!(
            "https://appstream2.{}.aws.amazon.com/authenticate?parameters={parameters}",
            request.place.region
        ),
        "Expires": seconds(expires),
    }))
}
