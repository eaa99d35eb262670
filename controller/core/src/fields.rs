//! Tabulates what each field needs: how it changes, how it is reset, how AWS returns it.
//!
//! The planner has no per-field code: it walks these tables, and so does the generator of
//! `docs/reference/fields.md`. Sources are the `UpdateFleet` and `UpdateStack` documentation of
//! AWS's service model (API version 2016-12-01) and what other tools' acceptance tests saw; each
//! row names its own.

mod fleet;
mod left_out;
#[cfg(test)]
mod reference;
mod stack;

use serde_json::Value;

pub use self::fleet::FLEET;
pub use self::left_out::{LEFT_OUT, LeftOut};
pub use self::stack::{STACK, USER_SETTING_DEFAULTS};

/// What a change of a field on an existing object needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The call works in any state.
    InPlace,
    /// The fleet must be STOPPED.
    NeedsStoppedFleet,
    /// Only a new object can have another value.
    NeedsReplacement,
}

/// How a managed field goes back when it is left out, or is unset when it is `null`.
#[derive(Debug, Clone, Copy)]
pub enum Reset {
    /// Send this value: AWS's default.
    Default(fn() -> Value),
    /// Send an empty string; AWS then no longer returns the member.
    EmptyString,
    /// Name it in `AttributesToDelete`; AWS then no longer returns the member.
    Delete(&'static str),
    /// Name it in `AttributesToDelete`; AWS then returns this, or nothing.
    DeleteToDefault(&'static str, fn() -> Value),
    /// It has no default: leaving it out makes it unmanaged and changes nothing.
    Unmanage,
}

impl Reset {
    /// The name in `AttributesToDelete`.
    #[must_use]
    pub const fn attribute(&self) -> Option<&'static str> {
        match self {
            Self::Delete(name) | Self::DeleteToDefault(name, _) => Some(name),
            Self::Default(_) | Self::EmptyString | Self::Unmanage => None,
        }
    }

    /// What AWS has when nobody sets the field; `None` where that is nothing, or unknown.
    #[must_use]
    pub fn default(&self) -> Option<Value> {
        match self {
            Self::Default(default) | Self::DeleteToDefault(_, default) => Some(default()),
            Self::EmptyString | Self::Delete(_) | Self::Unmanage => None,
        }
    }
}

/// How a desired and an observed value are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Equal as JSON.
    Exact,
    /// Equal as sets: AWS does not keep the order.
    Set,
    /// By `connectorType`; domains as whole sets, identifiers where the row names them.
    Connectors,
    /// Of an object only the keys the row says.
    Subset,
    /// The whole object: a key that the row leaves out must be unset; lists inside are sets.
    Whole,
    /// What agents may do by action, where one that is not listed is disabled; screenshots are not
    /// uploaded unless the row says so; of the rest only the keys the row says.
    AgentAccess,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct FieldRule {
    /// The path below `fleet` or `stack`, also the member's path in the settings.
    pub path: &'static str,
    /// What a change needs: of a stack, or of an `ALWAYS_ON` or `ON_DEMAND` fleet. `None`: such
    /// fleets do not have it.
    pub change: Option<Change>,
    /// What a change needs on an `ELASTIC` fleet. `None`: such fleets do not have it.
    pub elastic: Option<Change>,
    /// How it is reset.
    pub reset: Reset,
    /// How it is compared.
    pub compare: Compare,
    /// Paths, without the object, whose changes AWS takes in one call with this one's only.
    pub together: &'static [&'static str],
    /// How AWS returns it.
    pub returned: &'static str,
    /// Where that is known from.
    pub source: &'static str,
}

impl FieldRule {
    /// What a change needs on a fleet of the kind. What such a fleet does not have needs a stop:
    /// that disturbs nobody, and AWS says the rest.
    #[must_use]
    pub fn change_on(&self, is_elastic: bool) -> Change {
        let change = if is_elastic {
            self.elastic
        } else {
            self.change
        };
        change.unwrap_or(Change::NeedsStoppedFleet)
    }

    const fn new(path: &'static str, change: Change, reset: Reset) -> Self {
        Self {
            path,
            change: Some(change),
            elastic: Some(change),
            reset,
            compare: Compare::Exact,
            together: &[],
            returned: "as it was sent",
            source: "",
        }
    }

    const fn on_elastic(self, change: Change) -> Self {
        let elastic = Some(change);
        Self { elastic, ..self }
    }

    const fn not_on_elastic(self) -> Self {
        let elastic = None;
        Self { elastic, ..self }
    }

    const fn on_elastic_only(self) -> Self {
        let change = None;
        Self { change, ..self }
    }

    const fn compared(self, compare: Compare) -> Self {
        Self { compare, ..self }
    }

    const fn together_with(self, together: &'static [&'static str]) -> Self {
        Self { together, ..self }
    }

    const fn returned(self, returned: &'static str, source: &'static str) -> Self {
        Self {
            returned,
            source,
            ..self
        }
    }
}

/// The pattern of paths that `ignore` takes: every compared path and what lies above it.
#[must_use]
pub fn ignore_pattern() -> String {
    let mut paths = vec![
        "image".to_owned(),
        r"fleet\.state".to_owned(),
        "association".to_owned(),
        r"fleet\.applications".to_owned(),
        r"stack\.theme".to_owned(),
    ];
    let theme = [
        "titleText",
        "themeStyling",
        "footerLinks",
        "organizationLogoS3Location",
        "faviconS3Location",
        "state",
    ];
    paths.extend(theme.map(|leaf| format!(r"stack\.theme\.{leaf}")));
    for (object, rules) in [("fleet", FLEET), ("stack", STACK)] {
        for rule in rules {
            let escaped = rule.path.replace('.', r"\.");
            if let Some((parent, _)) = rule.path.split_once('.') {
                paths.push(format!(r"{object}\.{parent}"));
            }
            paths.push(format!(r"{object}\.{escaped}"));
        }
    }
    paths.sort();
    paths.dedup();
    format!(
        r"^({}|stack\.userSettings(\.[A-Z_]+)?|tags(\..+)?|buckets(\..+)?|(users|entitlements)(\..+)?)$",
        paths.join("|")
    )
}
