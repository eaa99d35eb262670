//! Answers for the page: who may ask, how many at once, and what is said when it cannot be shown.
//!
//! The page shows what `get` and `describe` print. It has no script and no form, so there is
//! nothing on it that a stranger's text could run or that a click could change.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};
use streamkeeper_state::{Store, StoreError};
use tokio::sync::Semaphore;

use super::{list, story};
use crate::clock::{Clock as _, SystemClock};
use crate::telemetry::Chain;

/// Pages that are made at once. The rest of the pool's connections stay with the keepers.
const AT_ONCE: usize = 2;

/// How long one page may take, waiting for its turn included: a person has turned away by then,
/// and a database that is this slow has better things to do.
const PATIENCE: Duration = Duration::from_secs(5);

/// Nothing but our own style sheet is loaded, nothing is run, and no other site frames the page.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const STYLE: &str = include_str!("style.css");

#[derive(Debug, Clone)]
struct Desk {
    store: Store,
    turns: Arc<Semaphore>,
    /// Whether only this machine can reach us.
    local: bool,
}

/// The routes of the page, served on an address.
pub(super) fn router(store: Store, address: IpAddr) -> Router {
    let desk = Desk {
        store,
        turns: Arc::new(Semaphore::new(AT_ONCE)),
        local: address.is_loopback(),
    };
    Router::new()
        .route("/", get(show_list))
        .route("/environments/{name}", get(show_story))
        .route("/style.css", get(style))
        .layer(middleware::from_fn_with_state(desk.clone(), guard))
        .with_state(desk)
}

/// Refuses questions a browser was led to ask, and sets the headers of every answer.
///
/// A page of another site may point its own name at this machine (DNS rebinding) and would then
/// read ours; its requests carry that name. Where others may reach us anyway, the name in front
/// of us is not known, and whoever put us there guards it.
async fn guard(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let mut response = if desk.local && !names_this_machine(request.headers()) {
        let text = "this address answers only to localhost\n";
        (StatusCode::MISDIRECTED_REQUEST, text).into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether the request was addressed to this machine by one of its own names.
///
/// Without a `Host` it was not a browser that asked.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else {
        return true;
    };
    let Ok(host) = host.to_str() else {
        return false;
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

async fn show_list(State(desk): State<Desk>, Query(wish): Query<list::Wish>) -> Response {
    let now = SystemClock::new().now();
    let made = in_turn(&desk, async |store: &Store| {
        list::render(store, &wish, now).await.map(Some)
    });
    answer(made.await, "the list")
}

async fn show_story(State(desk): State<Desk>, Path(name): Path<String>) -> Response {
    let now = SystemClock::new().now();
    let made = in_turn(&desk, async |store: &Store| {
        story::render(store, &name, now).await
    });
    answer(made.await, &name)
}

/// Makes a page when it is its turn; `None` when that takes too long.
async fn in_turn<T>(
    desk: &Desk,
    make: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
) -> Option<Result<T, StoreError>> {
    tokio::time::timeout(PATIENCE, async {
        let _turn = desk.turns.acquire().await.ok()?;
        Some(make(&desk.store).await)
    })
    .await
    .ok()
    .flatten()
}

fn answer(made: Option<Result<Option<Markup>, StoreError>>, wanted: &str) -> Response {
    let (status, page) = match made {
        Some(Ok(Some(page))) => (StatusCode::OK, page),
        Some(Ok(None)) => (
            StatusCode::NOT_FOUND,
            notice(&format!("There is no environment \"{wanted}\".")),
        ),
        Some(Err(error)) => {
            // What PostgreSQL said is for whoever reads the log, not for whoever finds the page.
            tracing::warn!(error = %Chain(&error), page = wanted, "the page could not be made");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                notice("The database did not answer as it should; the log says more."),
            )
        }
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            notice("This took too long; it will be tried again."),
        ),
    };
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, kind, page.into_string()).into_response()
}

fn notice(text: &str) -> Markup {
    frame(text, &html! { p { (text) } })
}

/// A whole document around a body.
pub(super) fn frame(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="refresh" content="10";
                title { (title) " · Streamkeeper" }
                link rel="stylesheet" href="/style.css";
            }
            body {
                header { a href="/" { "Streamkeeper" } }
                main { (body) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::names_this_machine;

    #[test]
    fn only_names_of_this_machine_are_answered_to() {
        for (host, ours) in [
            (None, true),
            (Some("localhost"), true),
            (Some("LOCALHOST:8420"), true),
            (Some("127.0.0.1:8420"), true),
            (Some("[::1]:8420"), true),
            (Some("[::1]"), true),
            (Some(""), false),
            (Some("evil.example:8420"), false),
            (Some("localhost.evil.example"), false),
            (Some("127.0.0.1.evil.example"), false),
            (Some("10.0.0.1"), false),
            (Some("[localhost"), true),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(host) = host {
                headers.insert(header::HOST, HeaderValue::from_static(host));
            }
            assert_eq!(names_this_machine(&headers), ours, "{host:?}");
        }
    }
}
