//! Plans the theme of a stack: what the page looks like on which users choose an application.
//!
//! A theme carries no tag: it is a part of its stack and follows that one's ownership. Where its
//! pictures came from AWS does not return. They are never compared, and so never drift: they are
//! sent when the row's are not those that AWS last took.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::WaitReason;
use super::draft::Draft;
use crate::access::ObservedTheme;
use crate::action::{AccessCall, Action, ObjectRef, ThemeSettings};
use crate::observed::Observed;
use crate::spec::{Field, ThemeFooterLinkSpec, ThemeSpec, ThemeState};

/// The path of the theme itself, which holds while it is there, and what is below it.
const THEME: &str = "stack.theme";
const TITLE: &str = "titleText";
const STYLING: &str = "themeStyling";
const LINKS: &str = "footerLinks";
const STATE: &str = "state";
const LOGO: &str = "organizationLogoS3Location";
const FAVICON: &str = "faviconS3Location";

/// The name of the links in `AttributesToDelete`.
const FOOTER_LINKS: &str = "FOOTER_LINKS";

/// The path of one of the theme's fields, as in `ignore`.
fn path(leaf: &str) -> String {
    format!("{THEME}.{leaf}")
}

/// Whether a path is about the theme.
pub(super) fn concerns(path: &str) -> bool {
    let below = path.strip_prefix(THEME);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Plans the theme of an environment that is not being deleted.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let input = draft.input;
    let environment = input.environment;
    let (Some(name), Some(spec)) = (environment.stack_name(), &environment.spec.stack) else {
        return;
    };
    let object = ObjectRef::stack(name);
    let is_managed = input.managed.keys().any(|path| concerns(path));
    let concerns_us = !spec.theme.is_omitted() || is_managed;
    if !concerns_us || !draft.ours.contains(&object) {
        return;
    }
    let is_new = input.observed.stack.is_absent();
    if draft.ignores(THEME) {
        // What somebody else owns is used at creation only.
        if let (true, Field::Value(want)) = (is_new, &spec.theme) {
            create(draft, &object, want);
        }
        return;
    }
    let has = match &input.observed.access.theme {
        // A stack that does not exist has no theme to read.
        _ if is_new => None,
        Some(Observed::Present(has)) => Some(has),
        // The stack is there: only there does "not found" speak of the theme.
        Some(Observed::Absent) => None,
        Some(Observed::Unknown(_)) | None => {
            unseen(draft, &object, &spec.theme);
            return;
        }
    };
    match (&spec.theme, has) {
        (Field::Value(want), None) => create(draft, &object, want),
        (Field::Value(want), Some(has)) => converge(draft, &object, want, has),
        (Field::Null, None) => {
            draft.holds(THEME, Value::Null);
            release(draft, |path| path != THEME);
        }
        (Field::Null, Some(_)) => {
            draft.differs(&object, THEME, Value::Null, json!(object.name));
            let step = delete(draft, &object, "the row says that there is none");
            step.manages.insert(THEME.to_owned());
        }
        (Field::Omitted, Some(_)) if resets(draft, &object) => {
            draft.differs(&object, THEME, Value::Null, json!(object.name));
            delete(draft, &object, "the row no longer has one");
        }
        (Field::Omitted, Some(_) | None) => release(draft, |_| true),
    }
}

/// What the row says, by the last part of each path.
fn fields(want: &ThemeSpec) -> BTreeMap<&'static str, Value> {
    let mut fields = BTreeMap::from([
        (TITLE, json!(want.title_text)),
        (STYLING, json!(want.theme_styling)),
        (LOGO, json!(want.organization_logo_s3_location)),
        (FAVICON, json!(want.favicon_s3_location)),
    ]);
    match &want.footer_links {
        Field::Omitted => None,
        Field::Null => fields.insert(LINKS, Value::Null),
        Field::Value(links) => fields.insert(LINKS, json!(set(links))),
    };
    if let Some(state) = want.state {
        fields.insert(STATE, json!(state));
    }
    fields
}

fn set(links: &[ThemeFooterLinkSpec]) -> BTreeSet<ThemeFooterLinkSpec> {
    links.iter().cloned().collect()
}

/// What AWS returns of the same, and of pictures where it shows its copies.
fn seen(has: &ObservedTheme) -> BTreeMap<&'static str, Value> {
    let links = Some(&has.footer_links).filter(|links| !links.is_empty());
    BTreeMap::from([
        (TITLE, json!(has.title_text)),
        (STYLING, json!(has.theme_styling)),
        (LINKS, json!(links)),
        (STATE, json!(has.state)),
        (LOGO, json!(has.organization_logo_url)),
        (FAVICON, json!(has.favicon_url)),
    ])
}

fn is_picture(leaf: &str) -> bool {
    matches!(leaf, LOGO | FAVICON)
}

/// What held is believed until its turn comes.
fn unseen(draft: &mut Draft<'_>, object: &ObjectRef, wanted: &Field<ThemeSpec>) {
    const NOT_KNOWN: &str = "its theme is not known";
    let input = draft.input;
    let (asked, why) = match &input.observed.access.theme {
        Some(Observed::Unknown(why)) => (true, why.as_str()),
        Some(Observed::Absent | Observed::Present(_)) => (true, NOT_KNOWN),
        None => (false, NOT_KNOWN),
    };
    let mut known = BTreeMap::new();
    match wanted {
        Field::Omitted => {}
        Field::Null => drop(known.insert(THEME.to_owned(), Value::Null)),
        Field::Value(want) => {
            let fields = fields(want).into_iter();
            known.extend(fields.map(|(leaf, value)| (path(leaf), value)));
            known.insert(THEME.to_owned(), json!(object.name));
        }
    }
    known.retain(|path, _| !draft.ignores(path));
    let believed = known.iter().all(|(path, value)| draft.held(path, value))
        && (input.managed.keys())
            .filter(|path| concerns(path) && !draft.ignores(path))
            .all(|path| known.contains_key(path));
    if asked || !believed {
        let needs = &mut draft.plan.needs.access.themes_of_stacks;
        needs.insert(object.name.clone());
        draft.wait(object, WaitReason::NotObserved, why);
    }
}

/// Makes the theme, with all that the row says, ignored or not. A call has no member for the state:
/// a theme that is to be disabled is so by the next one.
fn create(draft: &mut Draft<'_>, object: &ObjectRef, want: &ThemeSpec) {
    let is_ours = !draft.ignores(THEME);
    if is_ours {
        draft.differs(object, THEME, json!(object.name), Value::Null);
    }
    let call = AccessCall::CreateThemeForStack {
        stack: object.name.clone(),
        settings: ThemeSettings {
            title_text: Some(want.title_text.clone()),
            theme_styling: Some(want.theme_styling.as_str().to_owned()),
            footer_links: want.footer_links.value().map(|links| set(links)),
            organization_logo_s3_location: Some(want.organization_logo_s3_location.clone()),
            favicon_s3_location: Some(want.favicon_s3_location.clone()),
            state: None,
        },
    };
    let mut fields = fields(want);
    fields.retain(|leaf, _| !draft.ignores(&path(leaf)));
    let why = "the row has a theme and the stack has none";
    let step = draft.step(Action::Access(call), why);
    for (leaf, value) in fields {
        step.manages.insert(path(leaf));
        if is_picture(leaf) {
            step.sends.insert(path(leaf), value);
        }
    }
    if is_ours {
        step.manages.insert(THEME.to_owned());
    }
    if let Some(state @ ThemeState::Disabled) = want.state {
        // That it is enabled meanwhile is our doing, and no drift.
        if draft.input.managed.contains_key(&path(STATE)) {
            draft.plan.released.insert(path(STATE));
        }
        let call = AccessCall::UpdateThemeForStack {
            stack: object.name.clone(),
            set: ThemeSettings {
                state: Some(state.as_str().to_owned()),
                ..ThemeSettings::default()
            },
            delete: Vec::new(),
        };
        let why = "a new theme is enabled";
        draft.later(Action::Access(call), why, WaitReason::EarlierStep);
    }
}

fn converge(draft: &mut Draft<'_>, object: &ObjectRef, want: &ThemeSpec, has: &ObservedTheme) {
    draft.holds(THEME, json!(object.name));
    let mut set = ThemeSettings::default();
    let mut delete = Vec::new();
    let (mut manages, mut sends) = (BTreeSet::new(), BTreeMap::new());
    let seen = seen(has);
    for (leaf, desired) in with_defaults(draft, object, want) {
        let path = path(leaf);
        let is_so = if is_picture(leaf) {
            draft.held(&path, &desired)
        } else {
            seen.get(leaf) == Some(&desired)
        };
        if is_so {
            hold(draft, want, leaf, path, desired);
            continue;
        }
        let observed = seen.get(leaf).cloned().unwrap_or_default();
        draft.differs(object, &path, desired.clone(), observed);
        if leaf == LINKS && desired.is_null() {
            delete.push(FOOTER_LINKS.to_owned());
        }
        put(&mut set, want, leaf);
        if is_picture(leaf) {
            sends.insert(path.clone(), desired);
        }
        manages.insert(path);
    }
    if manages.is_empty() {
        return;
    }
    let words: Vec<&str> = manages.iter().map(String::as_str).collect();
    let why = format!("{} differ", words.join(", "));
    let call = AccessCall::UpdateThemeForStack {
        stack: object.name.clone(),
        set,
        delete,
    };
    let step = draft.step(Action::Access(call), why);
    step.manages = manages;
    step.sends = sends;
}

/// What the row says, and what goes back because the row no longer says it.
fn with_defaults(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    want: &ThemeSpec,
) -> BTreeMap<&'static str, Value> {
    let mut wanted = fields(want);
    wanted.retain(|leaf, _| !draft.ignores(&path(leaf)));
    let resets = resets(draft, object);
    for (leaf, default) in [(LINKS, Value::Null), (STATE, json!(ThemeState::Enabled))] {
        let path = path(leaf);
        let is_managed = draft.input.managed.contains_key(&path);
        if !is_managed || wanted.contains_key(leaf) || draft.ignores(&path) {
            continue;
        }
        if resets {
            wanted.insert(leaf, default);
        } else {
            draft.plan.released.insert(path);
        }
    }
    wanted
}

/// A path that holds; one that was left out and is as AWS leaves it is managed no longer.
fn hold(draft: &mut Draft<'_>, want: &ThemeSpec, leaf: &str, path: String, value: Value) {
    let is_left_out = match leaf {
        LINKS => want.footer_links.is_omitted(),
        STATE => want.state.is_none(),
        _ => false,
    };
    if is_left_out {
        draft.plan.released.insert(path);
    } else {
        draft.holds(path, value);
    }
}

/// Puts what the row says of one field into an update.
fn put(set: &mut ThemeSettings, want: &ThemeSpec, leaf: &str) {
    match leaf {
        TITLE => set.title_text = Some(want.title_text.clone()),
        STYLING => set.theme_styling = Some(want.theme_styling.as_str().to_owned()),
        LINKS => set.footer_links = want.footer_links.value().map(|links| self::set(links)),
        STATE => {
            let state = want.state.unwrap_or(ThemeState::Enabled);
            set.state = Some(state.as_str().to_owned());
        }
        LOGO => {
            let logo = want.organization_logo_s3_location.clone();
            set.organization_logo_s3_location = Some(logo);
        }
        FAVICON => set.favicon_s3_location = Some(want.favicon_s3_location.clone()),
        _ => {}
    }
}

/// Whether what is managed and left out goes back: the stack was ours before this look.
fn resets(draft: &Draft<'_>, object: &ObjectRef) -> bool {
    let stack = draft.input.observed.stack.present();
    stack.is_none_or(|stack| draft.resets(object, &draft.ownership(object, &stack.tags)))
}

fn release(draft: &mut Draft<'_>, goes: impl Fn(&str) -> bool) {
    let managed = draft.input.managed.keys();
    let released = managed.filter(|path| concerns(path) && goes(path));
    draft.plan.released.extend(released.cloned());
}

fn delete<'d>(draft: &'d mut Draft<'_>, object: &ObjectRef, why: &str) -> &'d mut super::Step {
    let call = AccessCall::DeleteThemeForStack {
        stack: object.name.clone(),
    };
    draft.step(Action::Access(call), why)
}

/// Deletes the theme that is ours on a stack that goes; whether it is known that it is there.
/// Whether `DeleteStack` takes it along is not documented.
pub(super) fn leave(draft: &mut Draft<'_>, stack: &str) -> bool {
    if !draft.input.managed.keys().any(|path| concerns(path)) {
        return true;
    }
    let object = ObjectRef::stack(stack);
    match &draft.input.observed.access.theme {
        Some(Observed::Present(_)) => {
            delete(draft, &object, "its stack goes");
            true
        }
        Some(Observed::Absent) => true,
        Some(Observed::Unknown(_)) | None => {
            let needs = &mut draft.plan.needs.access.themes_of_stacks;
            needs.insert(stack.to_owned());
            let why = "its theme is not known";
            draft.wait(&object, WaitReason::NotObserved, why);
            false
        }
    }
}
