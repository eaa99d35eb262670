//! Models the user pool: accounts, and who is on which stack.
//!
//! Accounts are the region's. Names are e-mail addresses and case-sensitive.

pub(crate) mod association;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::page::Pager;
use super::state::{State, done, rows_in, seconds};
use super::{Answer, Place, Request, errors};
use crate::call::ServiceError;

/// The one authentication type that these operations take.
const USERPOOL: &str = "USERPOOL";

/// An account.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) created: DateTime<Utc>,
}

impl User {
    /// The account without times, for comparing.
    pub(crate) fn snapshot(&self) -> Value {
        json!({
            "FirstName": self.first_name,
            "LastName": self.last_name,
            "Enabled": self.enabled,
        })
    }

    fn document(&self, place: &Place, name: &str) -> Value {
        let Place { account, region } = place;
        let mut document = json!({
            "Arn": format!("arn:aws:appstream:{region}:{account}:user/userpool/{name}"),
            "UserName": name,
            "Enabled": self.enabled,
            "Status": "UNCONFIRMED",
            "CreatedTime": seconds(self.created),
            "AuthenticationType": USERPOOL,
        });
        for (member, value) in [
            ("FirstName", &self.first_name),
            ("LastName", &self.last_name),
        ] {
            if let Some(value) = value {
                document[member] = json!(value);
            }
        }
        document
    }
}

/// `CreateUser`. What `RESEND` answers about nobody's address is not documented.
pub(crate) fn create(state: &mut State, request: &Request<'_>) -> Answer {
    check_type(request.text("AuthenticationType"))?;
    let name = request.required("UserName");
    let key = (request.place.clone(), name.to_owned());
    let names = ["FirstName", "LastName"].map(|member| request.text(member));
    if request.text("MessageAction") == Some("RESEND") {
        if names.iter().any(Option::is_some) {
            return Err(errors::combination(
                "FirstName and LastName must not be specified with RESEND.",
            ));
        }
        return match state.users.contains(&key) {
            true => done(),
            false => Err(errors::not_permitted(format!("There is no user {name}."))),
        };
    }
    if state.users.contains(&key) {
        return Err(errors::exists("user", name));
    }
    let quota = state.config.quotas.users;
    if quota != usize::MAX && rows_in(&state.users, &request.place, None).count() >= quota {
        return Err(errors::limit(format!(
            "The limit of {quota} users was exceeded."
        )));
    }
    let [first_name, last_name] = names.map(|name| name.map(str::to_owned));
    let user = User {
        first_name,
        last_name,
        enabled: true,
        created: request.now,
    };
    let stamp = state.stamp();
    state.users.put(stamp, key, user);
    done()
}

/// `EnableUser`, which an enabled user takes as well.
pub(crate) fn enable(state: &mut State, request: &Request<'_>) -> Answer {
    switch(state, request, true)
}

/// `DisableUser`, which a disabled user takes as well.
pub(crate) fn disable(state: &mut State, request: &Request<'_>) -> Answer {
    switch(state, request, false)
}

fn switch(state: &mut State, request: &Request<'_>, enabled: bool) -> Answer {
    check_type(request.text("AuthenticationType"))?;
    let name = request.required("UserName");
    let (stamp, key) = (state.stamp(), (request.place.clone(), name.to_owned()));
    if state.users.edit(stamp, &key, |user| user.enabled = enabled) {
        done()
    } else {
        Err(errors::not_found("user", name))
    }
}

/// `DeleteUser`, which takes them off every stack as well.
pub(crate) fn delete(state: &mut State, request: &Request<'_>) -> Answer {
    check_type(request.text("AuthenticationType"))?;
    let name = request.required("UserName");
    let (stamp, key) = (state.stamp(), (request.place.clone(), name.to_owned()));
    if !state.users.remove(stamp, &key) {
        return Err(errors::not_found("user", name));
    }
    association::forget(state, &request.place, |_, user| user == name);
    done()
}

/// `DescribeUsers`: the whole list, because there is no filter by name.
pub(crate) fn describe(state: &State, request: &Request<'_>) -> Answer {
    check_type(request.text("AuthenticationType"))?;
    let pager = pager(state, request, "DescribeUsers", usize::MAX);
    let after = pager.start(request.text("NextToken"))?;
    let users = rows_in(&state.users, &request.place, after.as_deref());
    let page = pager.cut(users.map(|(name, user)| {
        let document = user.document(&request.place, name);
        (name.to_owned(), document)
    }));
    Ok(page.into_answer("Users"))
}

/// A list whose pages are as long as the caller wants, within bounds.
pub(crate) fn pager<'a>(
    state: &State,
    request: &'a Request<'_>,
    list: &'a str,
    longest: usize,
) -> Pager<'a> {
    let wanted = request.integer("MaxResults").filter(|wanted| *wanted > 0);
    let wanted = wanted.and_then(|wanted| usize::try_from(wanted).ok());
    Pager {
        seed: state.config.seed,
        list,
        place: &request.place,
        size: wanted
            .unwrap_or(usize::MAX)
            .min(state.config.page_size)
            .min(longest),
    }
}

fn check_type(given: Option<&str>) -> Result<(), ServiceError> {
    if given == Some(USERPOOL) {
        return Ok(());
    }
    Err(errors::combination("AuthenticationType must be USERPOOL."))
}
