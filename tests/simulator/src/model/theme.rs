//! Models the themes of stacks: what the page looks like on which users choose an application.
//!
//! A stack has at most one. Where a logo came from is taken and never told again: what AWS returns
//! are the URLs it shows the copies at.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::state::{Named, State, done, seconds};
use super::{Answer, Place, Request, errors, seeded};
use crate::call::ServiceError;

/// The members that a request sends, by the names under which AWS returns them.
const MEMBERS: [(&str, &str); 4] = [
    ("TitleText", "ThemeTitleText"),
    ("ThemeStyling", "ThemeStyling"),
    ("FooterLinks", "ThemeFooterLinks"),
    ("State", "State"),
];

/// Where a request says that a picture is, by the members under which AWS shows its copy.
const PICTURES: [(&str, &str); 2] = [
    ("OrganizationLogoS3Location", "ThemeOrganizationLogoURL"),
    ("FaviconS3Location", "ThemeFaviconURL"),
];

/// A theme.
#[derive(Debug, Clone)]
pub(crate) struct Theme {
    /// As AWS returns it, but for the stack's name and the time.
    shown: Map<String, Value>,
    /// Where the pictures came from, by the member that said so.
    pictures: Map<String, Value>,
    created: DateTime<Utc>,
}

impl Theme {
    /// The theme without times, for comparing; with what AWS does not tell.
    pub(crate) fn snapshot(&self) -> Value {
        let urls = PICTURES.map(|(_, url)| url);
        let shown = self.shown.iter();
        let shown = shown.filter(|(member, _)| !urls.contains(&member.as_str()));
        let all = shown.chain(&self.pictures);
        let all: Map<String, Value> = all
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        Value::Object(all)
    }

    fn document(&self, stack: &str) -> Value {
        let mut document = Value::Object(self.shown.clone());
        document["StackName"] = json!(stack);
        document["CreatedTime"] = seconds(self.created);
        document
    }

    fn take(&mut self, state: &State, request: &Request<'_>) {
        for (sent, shown) in MEMBERS {
            if let Some(value) = request.input.get(sent) {
                self.shown.insert(shown.to_owned(), value.clone());
            }
        }
        for (sent, shown) in PICTURES {
            if let Some(value) = request.input.get(sent) {
                let name = seeded::uuid(state.config.seed, &format!("{sent} {value}"));
                let url = format!("https://themes.appstream2.example/{name}.png");
                self.shown.insert(shown.to_owned(), json!(url));
                self.pictures.insert(sent.to_owned(), value.clone());
            }
        }
        // No links and an empty list of them look alike in AWS's answers.
        let has_none = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
        if self.shown.get("ThemeFooterLinks").is_some_and(has_none) {
            self.shown.remove("ThemeFooterLinks");
        }
    }
}

/// `CreateThemeForStack`: a new theme is enabled.
pub(crate) fn create(state: &mut State, request: &Request<'_>) -> Answer {
    let key = key(state, request)?;
    if state.themes.contains(&key) {
        return Err(errors::exists("theme of stack", &key.1));
    }
    let mut theme = Theme {
        shown: Map::from_iter([("State".to_owned(), json!("ENABLED"))]),
        pictures: Map::new(),
        created: request.now,
    };
    theme.take(state, request);
    Ok(put(state, key, theme))
}

/// `UpdateThemeForStack`: what is left out stays.
pub(crate) fn update(state: &mut State, request: &Request<'_>) -> Answer {
    let key = key(state, request)?;
    let mut theme = find(state, &key)?.clone();
    if request
        .texts("AttributesToDelete")
        .contains(&"FOOTER_LINKS")
    {
        if request.input.contains_key("FooterLinks") {
            return Err(errors::combination(
                "FooterLinks cannot be set and deleted in one request.",
            ));
        }
        theme.shown.remove("ThemeFooterLinks");
    }
    theme.take(state, request);
    Ok(put(state, key, theme))
}

/// `DeleteThemeForStack`.
pub(crate) fn delete(state: &mut State, request: &Request<'_>) -> Answer {
    let key = key(state, request)?;
    find(state, &key)?;
    let stamp = state.stamp();
    state.themes.remove(stamp, &key);
    done()
}

/// `DescribeThemeForStack`: one code for a stack without a theme and for no such stack.
pub(crate) fn describe(state: &State, request: &Request<'_>) -> Answer {
    let key = key(state, request)?;
    let theme = find(state, &key)?;
    Ok(json!({"Theme": theme.document(&key.1)}))
}

/// Drops the theme of a stack that goes.
pub(crate) fn forget(state: &mut State, place: &Place, stack: &str) {
    let stamp = state.stamp();
    let key = (place.clone(), stack.to_owned());
    state.themes.remove(stamp, &key);
}

fn put(state: &mut State, key: Named, theme: Theme) -> Value {
    let document = theme.document(&key.1);
    let stamp = state.stamp();
    state.themes.put(stamp, key, theme);
    json!({"Theme": document})
}

fn key(state: &State, request: &Request<'_>) -> Result<Named, ServiceError> {
    let stack = request.required("StackName");
    let key = (request.place.clone(), stack.to_owned());
    if state.stacks.contains(&key) {
        Ok(key)
    } else {
        Err(errors::not_found("stack", stack))
    }
}

fn find<'a>(state: &'a State, key: &Named) -> Result<&'a Theme, ServiceError> {
    let theme = state.themes.get(key);
    theme.ok_or_else(|| errors::not_found("theme of stack", &key.1))
}
