//! Builds what a plan is made of, and prints plans as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::DateTime;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access::ObservedAccess;
use crate::action::{AccessCall, Action};
use crate::check;
use crate::cluster::StoredConfig;
use crate::environment::{DeletionPolicy, Environment, Mode, Scope, Timestamp};
use crate::neighbours::Neighbours;
use crate::observed::{
    FleetState, Observed, ObservedBucket, ObservedFleet, ObservedStack, ObservedTags,
};
use crate::plan::{
    CallFailure, ENVIRONMENT_TAG, ManagedPaths, ObservedEnvironment, Plan, PlanInput, UID_TAG, plan,
};
use crate::record::OpenIntent;
use crate::settings::{FleetSettings, StackSettings};

/// Who makes the calls in tests.
pub(crate) const CALLER: &str = "arn:aws:sts::123456789012:assumed-role/streamkeeper/daemon";
/// The account of tests.
pub(crate) const ACCOUNT: &str = "123456789012";

/// The uid of the environment under test.
pub(crate) fn uid() -> Uuid {
    Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)
}

/// Our prefix of a `Sid`, and the user's part of it.
pub(crate) fn sid(user_sid: &str) -> String {
    format!("Streamkeeper0123456789abcdef{user_sid}")
}

/// A moment, in minutes after the tests' first.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).unwrap()
}

/// The environment `cfd` with a spec.
pub(crate) fn environment(spec: &Value) -> Environment {
    Environment {
        name: "cfd".to_owned(),
        uid: uid(),
        scope: Scope {
            account: ACCOUNT.to_owned(),
            region: "eu-west-1".to_owned(),
        },
        spec: serde_json::from_value(spec.clone()).unwrap(),
        mode: Mode::Enforce,
        paused: false,
        deletion_policy: DeletionPolicy::Delete,
        generation: 1,
        deletion_requested_at: None,
    }
}

/// The environment of the design's INSERT.
pub(crate) fn blog() -> Value {
    json!({
        "image": {"name": "pcluster-2026-11"},
        "fleet": {
            "instanceType": "stream.standard.medium",
            "computeCapacity": {"desiredInstances": 2},
            "maxUserDurationInSeconds": 345_600, "enableDefaultInternetAccess": true
        },
        "stack": {"storageConnectors": [{"connectorType": "HOMEFOLDERS"}]},
        "clusters": [{"name": "cfd", "access": "READ_WRITE"}]
    })
}

/// The smallest environment with both sides.
pub(crate) fn small() -> Value {
    json!({
        "image": {"name": "pcluster-2026-11"},
        "fleet": {"instanceType": "stream.standard.medium"},
        "stack": {}
    })
}

/// A document with changes laid over it: `null` at a path takes the key away.
pub(crate) fn with(base: Value, changes: &[(&str, Value)]) -> Value {
    let mut document = base;
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = document
            .pointer_mut(parent)
            .unwrap_or_else(|| panic!("nothing at {parent}"));
        if *value == LEFT_OUT {
            parent.as_object_mut().unwrap().remove(key);
        } else {
            parent[key] = value.clone();
        }
    }
    document
}

/// Takes a key away in [`with`], where `null` is a value of its own.
pub(crate) const LEFT_OUT: &str = "<left out>";

/// Everything one plan depends on.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) environment: Environment,
    pub(crate) managed: ManagedPaths,
    pub(crate) owned: BTreeSet<String>,
    pub(crate) intents: Vec<OpenIntent>,
    pub(crate) debts: BTreeSet<String>,
    pub(crate) failures: BTreeMap<String, CallFailure>,
    pub(crate) unsteady: BTreeMap<String, Timestamp>,
    pub(crate) observed: ObservedEnvironment,
    pub(crate) cluster_configs: BTreeMap<String, StoredConfig>,
    pub(crate) neighbours: Neighbours,
    pub(crate) now: Timestamp,
}

impl Case {
    /// A row that was just inserted, in an account where nothing of it exists.
    pub(crate) fn new(spec: &Value) -> Self {
        Self {
            environment: environment(spec),
            managed: ManagedPaths::new(),
            owned: BTreeSet::new(),
            intents: Vec::new(),
            debts: BTreeSet::new(),
            failures: BTreeMap::new(),
            unsteady: BTreeMap::new(),
            observed: nothing(),
            cluster_configs: BTreeMap::new(),
            neighbours: Neighbours::default(),
            now: minute(0),
        }
    }

    pub(crate) fn input(&self) -> PlanInput<'_> {
        PlanInput {
            environment: &self.environment,
            managed: &self.managed,
            owned: &self.owned,
            intents: &self.intents,
            debts: &self.debts,
            failures: &self.failures,
            unsteady: &self.unsteady,
            observed: &self.observed,
            cluster_configs: &self.cluster_configs,
            neighbours: &self.neighbours,
            caller_arn: CALLER,
            now: self.now,
        }
    }

    /// Plans, and has the plan checked.
    pub(crate) fn plan(&self) -> Plan {
        let input = self.input();
        let plan = plan(&input);
        let notes = check::check(&input, &plan);
        assert!(notes.is_empty(), "{notes:?}\n{}", render(&plan));
        plan
    }

    /// Has an intent open whose outcome nobody knows.
    pub(crate) fn open(&mut self, action: Action) {
        let id = i64::try_from(self.intents.len()).unwrap() + 1;
        self.intents.push(OpenIntent {
            id,
            action,
            created_at: minute(0),
        });
    }

    /// Has a path managed that held a value when it was last seen.
    pub(crate) fn held(&mut self, path: &str, value: Value) {
        self.managed.insert(path.to_owned(), Some(value));
    }
}

/// A look at an account where nothing exists.
pub(crate) fn nothing() -> ObservedEnvironment {
    ObservedEnvironment {
        fleet: Observed::Absent,
        stack: Observed::Absent,
        stack_fleets: Observed::Present(BTreeSet::new()),
        fleet_stacks: Observed::Present(BTreeSet::new()),
        scaling: Observed::Absent,
        sessions: BTreeMap::from([("cfd".to_owned(), Observed::Present(0))]),
        instances: BTreeMap::from([("cfd".to_owned(), Observed::Present(BTreeMap::new()))]),
        principals: BTreeMap::new(),
        buckets: BTreeMap::new(),
        images: BTreeMap::new(),
        access: ObservedAccess::default(),
    }
}

/// Our two tags.
pub(crate) fn our_tags() -> BTreeMap<String, String> {
    BTreeMap::from([
        (ENVIRONMENT_TAG.to_owned(), "cfd".to_owned()),
        (UID_TAG.to_owned(), uid().hyphenated().to_string()),
    ])
}

/// Tags that were read by name.
pub(crate) fn tags(pairs: &[(&str, &str)]) -> ObservedTags {
    ObservedTags::Known(
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
    )
}

/// The fleet `cfd`, ours, with AWS's defaults under the given settings.
pub(crate) fn fleet(state: FleetState, settings: Value) -> ObservedFleet {
    let mut all = json!({
        "imageName": "pcluster-2026-11",
        "imageArn": "arn:aws:appstream:eu-west-1:123456789012:image/pcluster-2026-11",
        "instanceType": "stream.standard.medium", "fleetType": "ON_DEMAND",
        "maxUserDurationInSeconds": 57_600, "disconnectTimeoutInSeconds": 900,
        "idleDisconnectTimeoutInSeconds": 0, "enableDefaultInternetAccess": false,
        "streamView": "APP", "platform": "WINDOWS_SERVER_2022"
    });
    lay_over(&mut all, settings);
    ObservedFleet {
        name: "cfd".to_owned(),
        arn: arn("fleet/cfd"),
        state,
        created_at: Some(minute(-60)),
        settings: settings_of::<FleetSettings>(all),
        errors: Vec::new(),
        tags: ObservedTags::Known(our_tags()),
    }
}

/// The stack `cfd`, ours, with AWS's defaults under the given settings.
pub(crate) fn stack(settings: Value) -> ObservedStack {
    let user_settings: Vec<Value> = crate::fields::USER_SETTING_DEFAULTS
        .iter()
        .map(|(action, permission)| json!({"action": action, "permission": permission}))
        .collect();
    let mut all = json!({
        "userSettings": user_settings, "applicationSettings": {"enabled": false}
    });
    lay_over(&mut all, settings);
    ObservedStack {
        name: "cfd".to_owned(),
        arn: arn("stack/cfd"),
        created_at: Some(minute(-60)),
        settings: settings_of::<StackSettings>(all),
        errors: Vec::new(),
        tags: ObservedTags::Known(our_tags()),
    }
}

/// A bucket with a policy of these statements.
pub(crate) fn bucket(name: &str, statements: Value) -> Observed<ObservedBucket> {
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    Observed::Present(ObservedBucket::with_policy(name, Some(policy)))
}

pub(crate) fn arn(object: &str) -> String {
    format!("arn:aws:appstream:eu-west-1:{ACCOUNT}:{object}")
}

fn lay_over(base: &mut Value, over: Value) {
    let Value::Object(over) = over else {
        panic!("settings are an object")
    };
    for (key, value) in over {
        base[key] = value;
    }
}

fn settings_of<T: serde::de::DeserializeOwned>(settings: Value) -> T {
    serde_json::from_value(settings).unwrap()
}

/// Plans a case and compares the plan, as text, line by line.
#[track_caller]
pub(crate) fn check(case: &Case, expected: &str) {
    expect(&case.plan(), expected);
}

/// Compares a plan, as text, line by line.
#[track_caller]
pub(crate) fn expect(plan: &Plan, expected: &str) {
    let expected: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let found = render(plan);
    let found: Vec<&str> = found.lines().collect();
    assert!(
        found == expected,
        "expected\n{}\n\nfound\n{}\n",
        expected.join("\n"),
        found.join("\n")
    );
}

/// A plan as text: steps, waits, differences, what is asked, what goes.
pub(crate) fn render(plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        let word = if step.waiting_for.is_some() {
            "hold"
        } else {
            "do"
        };
        write!(text, "{word} {}{}", step.action, parameters(&step.action)).unwrap();
        if step.opens_debt {
            text.push_str(", owing a start");
        }
        if let Some(reason) = step.waiting_for {
            write!(text, " ({reason})").unwrap();
        }
        text.push('\n');
    }
    for waiting in &plan.waiting {
        writeln!(text, "why {} {}", waiting.object, waiting.reason).unwrap();
    }
    for difference in &plan.differences {
        let word = if difference.is_drift { "drift" } else { "diff" };
        writeln!(
            text,
            "{word} {} {}: {} -> {}",
            difference.object, difference.path, difference.observed, difference.desired
        )
        .unwrap();
    }
    for path in &plan.released {
        writeln!(text, "release {path}").unwrap();
    }
    let needs = &plan.needs;
    for (what, names) in [
        ("fleets", &needs.fleets),
        ("stacks", &needs.stacks),
        ("fleets of stacks", &needs.associations_of_stacks),
        ("stacks of fleets", &needs.associations_of_fleets),
        ("buckets", &needs.buckets),
        ("sessions", &needs.sessions),
        ("what scales", &needs.scaling),
        ("images", &needs.images),
    ] {
        for name in names {
            writeln!(text, "ask {what} {name}").unwrap();
        }
    }
    if needs.access.users {
        text.push_str("ask users\n");
    }
    for stack in &needs.access.users_of_stacks {
        writeln!(text, "ask users of stacks {stack}").unwrap();
    }
    for stack in needs.access.entitlements.keys() {
        writeln!(text, "ask entitlements of stacks {stack}").unwrap();
    }
    for fleet in &needs.access.applications_of_fleets {
        writeln!(text, "ask applications of fleets {fleet}").unwrap();
    }
    for stack in &needs.access.themes_of_stacks {
        writeln!(text, "ask themes of stacks {stack}").unwrap();
    }
    for object in &plan.disowned {
        writeln!(text, "disown {object}").unwrap();
    }
    for fleet in &plan.debts_paid {
        writeln!(text, "paid {fleet}").unwrap();
    }
    if plan.finished {
        text.push_str("finished\n");
    }
    text
}

/// What an action sends, beside the names.
fn parameters(action: &Action) -> String {
    match action {
        Action::CreateFleet { settings, tags, .. } => {
            format!(" {} tags {}", json!(settings), user_tags(tags))
        }
        Action::CreateStack { settings, tags, .. } => {
            format!(" {} tags {}", json!(settings), user_tags(tags))
        }
        Action::UpdateFleet { set, delete, .. } => sent(&json!(set), delete),
        Action::UpdateStack { set, delete, .. } => sent(&json!(set), delete),
        Action::TagResource { tags, .. } => format!(" {}", user_tags(tags)),
        Action::UntagResource { keys, .. } => format!(" {}", keys.join(" ")),
        Action::PutBucketPolicy { document, .. } => {
            let statements = document["Statement"].as_array().unwrap();
            let sids: Vec<String> = statements
                .iter()
                .map(|statement| statement["Sid"].as_str().unwrap_or("-"))
                .map(|found| match found.strip_prefix(&sid("")) {
                    Some(ours) => format!("ours:{ours}"),
                    None => found.to_owned(),
                })
                .collect();
            format!(" {}", sids.join(" "))
        }
        Action::StopFleet { only_when_idle, .. }
        | Action::DisassociateFleet { only_when_idle, .. } => {
            let whoever = if *only_when_idle {
                ""
            } else {
                " whoever is on it"
            };
            whoever.to_owned()
        }
        Action::Access(AccessCall::CreateThemeForStack { settings, .. }) => {
            sent(&json!(settings), &[])
        }
        Action::Access(AccessCall::UpdateThemeForStack { set, delete, .. }) => {
            sent(&json!(set), delete)
        }
        Action::StartFleet { .. }
        // By which session is no matter.
        | Action::DrainSessionInstance { .. }
        | Action::DeleteFleet { .. }
        | Action::DeregisterScalableTarget { .. }
        | Action::DeleteStack { .. }
        | Action::AssociateFleet { .. }
        | Action::DeleteBucketPolicy { .. }
        // What it prints says it all.
        | Action::Access(_) => String::new(),
    }
}

fn sent(set: &Value, delete: &[String]) -> String {
    let mut text = String::new();
    if *set != json!({}) {
        write!(text, " {set}").unwrap();
    }
    if !delete.is_empty() {
        write!(text, " minus {}", delete.join(" ")).unwrap();
    }
    text
}

/// Tags in one line, our two in one word.
fn user_tags(tags: &BTreeMap<String, String>) -> String {
    let ours = our_tags();
    let carries_ours = ours.iter().all(|(key, value)| tags.get(key) == Some(value));
    let mut words: Vec<String> = Vec::new();
    if carries_ours {
        words.push("ours".to_owned());
    }
    words.extend(
        tags.iter()
            .filter(|(key, _)| !carries_ours || !ours.contains_key(*key))
            .map(|(key, value)| format!("{key}={value}")),
    );
    words.join(" ")
}
