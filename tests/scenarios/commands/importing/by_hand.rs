//! Makes fleets and stacks with random settings, as somebody might have by hand.
//!
//! What a field may hold is read from the spec's JSON Schema, and which fields there are from the
//! tables of fields, so that a new field joins by itself. AWS judges: what it refuses is another
//! administrator's failed attempt.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use streamkeeper_core::fields::{Change, FLEET, FieldRule, STACK};
use streamkeeper_core::spec::schema::{ARN_PATTERN, BUCKET_ARN_PATTERN, NAME_PATTERN, spec_schema};
use streamkeeper_simulator::{Call, Caller, Service, ServiceError, Simulator};
use streamkeeper_tests::REGION;

/// A small random number generator: the same seed, the same account.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below another one, by splitmix64.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = self.below(u64::try_from(choices.len()).unwrap());
        &choices[usize::try_from(index).unwrap()]
    }
}

/// An account in which somebody works by hand.
pub(super) struct Hands<'a> {
    pub(super) simulator: &'a Simulator,
    pub(super) dice: Dice,
    schema: Value,
    /// How often AWS took each field.
    pub(super) taken: BTreeMap<String, usize>,
}

impl<'a> Hands<'a> {
    pub(super) fn new(simulator: &'a Simulator, seed: u64) -> Self {
        Self {
            simulator,
            dice: Dice::new(seed),
            schema: spec_schema(),
            taken: BTreeMap::new(),
        }
    }

    /// Makes a call that AWS takes.
    #[track_caller]
    pub(super) fn make(&self, operation: &str, input: Value) {
        let refused = self.call(operation, input).err();
        assert_eq!(refused, None, "{operation}");
    }

    /// Puts a fleet under Application Auto Scaling; whether AWS takes it.
    pub(super) fn scale(&self, fleet: &str) -> bool {
        let target = json!({
            "ServiceNamespace": "appstream",
            "ResourceId": format!("fleet/{fleet}"),
            "ScalableDimension": "appstream:fleet:DesiredCapacity",
            "MinCapacity": 0,
            "MaxCapacity": 9,
        });
        self.call("RegisterScalableTarget", target).is_ok()
    }

    fn call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        let account = self.simulator.caller_of("").account;
        let service = if operation == "RegisterScalableTarget" {
            Service::AutoScaling
        } else {
            Service::AppStream
        };
        let call = Call::new(service, REGION, operation, input);
        let admin = Caller::role(&account, "Admin", "grace");
        self.simulator.call(&call.by(admin))
    }

    /// Makes a fleet of one of three kinds.
    pub(super) fn fleet(&mut self, name: &str) {
        let image = json!({"ImageName": "pcluster-2026-11"});
        let public = json!({
            "ImageArn": format!("arn:aws:appstream:{REGION}::image/AppStream-WinServer2019-10-01-2026")
        });
        let mut input = self.dice.pick(&[image, public]).clone();
        let kinds = [
            json!({"ComputeCapacity": {"DesiredInstances": 1}}),
            json!({"ComputeCapacity": {"DesiredSessions": 4}, "MaxSessionsPerInstance": 2}),
            json!({"FleetType": "ELASTIC", "MaxConcurrentSessions": 3,
                   "Platform": "WINDOWS_SERVER_2019",
                   "VpcConfig": {"SubnetIds": ["subnet-a", "subnet-b"]}}),
        ];
        let kind = self.dice.pick(&kinds).clone();
        for (member, value) in kind.as_object().unwrap() {
            input[member] = value.clone();
        }
        if input["FleetType"] == "ELASTIC"
            && self.dice.one_in(2)
            && let Some(input) = input.as_object_mut()
        {
            // Its applications come from app blocks.
            input.retain(|member, _| !member.starts_with("Image"));
        }
        input["Name"] = json!(name);
        input["InstanceType"] = json!("stream.standard.medium");
        if let Some(tags) = self.tags() {
            input["Tags"] = tags;
        }
        let made = self.with_fixed_members(&input);
        if !made {
            self.make("CreateFleet", input);
        }
    }

    /// Sets about half of all fields of a fleet, and starts every second one.
    pub(super) fn set_fleet(&mut self, name: &str) {
        self.settings("fleet", "FleetSpec", "UpdateFleet", FLEET, name);
        if self.dice.one_in(2) {
            self.make("StartFleet", json!({"Name": name}));
        }
    }

    /// Tries to make a fleet with what cannot be changed later; whether there is one now.
    fn with_fixed_members(&mut self, input: &Value) -> bool {
        let is_fixed = |rule: &&FieldRule| rule.change_on(false) == Change::NeedsReplacement;
        for path in FLEET.iter().filter(is_fixed).map(|rule| rule.path) {
            let Some(value) = self.value_of("FleetSpec", path) else {
                continue;
            };
            let mut with = input.clone();
            with[member(path)] = in_api_names(&value);
            let made = self.call("CreateFleet", with).is_ok();
            self.count("fleet", path, made);
            if made {
                return true;
            }
        }
        false
    }

    /// Makes a stack.
    pub(super) fn stack(&mut self, name: &str) {
        let mut input = json!({"Name": name});
        if let Some(tags) = self.tags() {
            input["Tags"] = tags;
        }
        self.make("CreateStack", input);
    }

    /// Sets about half of all fields of a stack.
    pub(super) fn set_stack(&mut self, name: &str) {
        self.settings("stack", "StackSpec", "UpdateStack", STACK, name);
        if self.dice.one_in(2)
            && let Some(value) = self.value_of("StackSpec", "userSettings")
        {
            let input = json!({"Name": name, "UserSettings": in_api_names(&value)});
            let taken = self.call("UpdateStack", input).is_ok();
            self.count("stack", "userSettings", taken);
        }
    }

    fn tags(&mut self) -> Option<Value> {
        let all = [
            json!({"team": "aero"}),
            json!({"team": "aero", "Größe": "groß"}),
            json!({"made-by": "hand"}),
        ];
        self.dice.one_in(2).then(|| self.dice.pick(&all).clone())
    }

    /// Sets fields of a table one after the other.
    fn settings(
        &mut self,
        object: &str,
        def: &str,
        operation: &str,
        rules: &[FieldRule],
        name: &str,
    ) {
        let changeable = rules
            .iter()
            .filter(|rule| rule.change_on(false) != Change::NeedsReplacement);
        let members: BTreeSet<&str> = changeable.map(|rule| top(rule.path)).collect();
        for path in members {
            if self.dice.one_in(2) {
                continue;
            }
            if let Some(value) = self.value_of(def, path) {
                let mut input = json!({"Name": name});
                input[member(path)] = in_api_names(&value);
                let taken = self.call(operation, input).is_ok();
                self.count(object, path, taken);
            }
        }
    }

    fn count(&mut self, object: &str, path: &str, taken: bool) {
        let taken = usize::from(taken);
        *self.taken.entry(format!("{object}.{path}")).or_default() += taken;
    }

    /// A random value for a member of a type of the schema; `None` where none can be made.
    fn value_of(&mut self, def: &str, member: &str) -> Option<Value> {
        let rule = self.schema["$defs"][def]["properties"][top(member)].clone();
        self.value(&rule)
    }

    fn value(&mut self, rule: &Value) -> Option<Value> {
        if let Some(name) = rule["$ref"].as_str() {
            let name = name.trim_start_matches("#/$defs/");
            let rule = self.schema["$defs"][name].clone();
            return self.value(&rule);
        }
        let branches = rule["anyOf"]
            .as_array()
            .or_else(|| rule["oneOf"].as_array());
        if let Some(branches) = branches {
            let branches: Vec<&Value> = branches
                .iter()
                .filter(|branch| branch["type"] != "null")
                .collect();
            let branch = (*self.dice.pick(&branches)).clone();
            return self.value(&branch);
        }
        if let Some(value) = rule.get("const") {
            return Some(value.clone());
        }
        if let Some(values) = rule["enum"].as_array() {
            return Some(self.dice.pick(values).clone());
        }
        match kind(rule) {
            "boolean" => Some(json!(self.dice.one_in(2))),
            "integer" => {
                let (low, high) = (rule["minimum"].as_i64()?, rule["maximum"].as_i64()?);
                // Near the lower end: quotas and roles of other fields bound the upper.
                let span = u64::try_from((high - low).min(30)).unwrap() + 1;
                Some(json!(low + i64::try_from(self.dice.below(span)).unwrap()))
            }
            "string" => self.text(rule),
            "array" => self.list(rule),
            "object" => self.object(rule),
            _ => None,
        }
    }

    fn text(&mut self, rule: &Value) -> Option<Value> {
        let number = self.dice.below(1_000);
        let text = match rule["pattern"].as_str() {
            None => ["Für alle", "CFD & more", "x", "two words"]
                [usize::try_from(self.dice.below(4)).unwrap()]
            .to_owned(),
            Some(pattern) => sample(pattern, number)?,
        };
        let length = u64::try_from(text.chars().count()).unwrap();
        let fits = length >= rule["minLength"].as_u64().unwrap_or(0)
            && length <= rule["maxLength"].as_u64().unwrap_or(u64::MAX);
        fits.then(|| json!(text))
    }

    fn list(&mut self, rule: &Value) -> Option<Value> {
        let least = rule["minItems"].as_u64().unwrap_or(0);
        let most = rule["maxItems"].as_u64().unwrap_or(u64::MAX).min(least + 2);
        let count = least + self.dice.below(most - least + 1);
        let mut items: Vec<Value> = Vec::new();
        for _ in 0..count {
            let item = self.value(&rule["items"])?;
            let key = rule["x-uniqueBy"].as_str();
            let is_twin = |other: &Value| match key {
                Some(key) => other[key] == item[key],
                None => *other == item,
            };
            if !items.iter().any(is_twin) {
                items.push(item);
            }
        }
        Some(json!(items))
    }

    fn object(&mut self, rule: &Value) -> Option<Value> {
        let mut object = Map::new();
        let mut left_out: BTreeSet<&str> = BTreeSet::new();
        for group in rule["x-exactlyOneOf"].as_array().into_iter().flatten() {
            let keys: Vec<&str> = group.as_array()?.iter().filter_map(Value::as_str).collect();
            let kept = *self.dice.pick(&keys);
            left_out.extend(keys.into_iter().filter(|key| *key != kept));
        }
        for (key, member) in rule["properties"].as_object()? {
            if left_out.contains(key.as_str()) {
                continue;
            }
            let required = rule["required"].as_array();
            let is_required = required.is_some_and(|keys| keys.contains(&json!(key)));
            if is_required || self.dice.one_in(2) || !left_out.is_empty() {
                match self.value(member) {
                    Some(value) => {
                        object.insert(key.clone(), value);
                    }
                    None if is_required => return None,
                    None => {}
                }
            }
        }
        for condition in rule["x-requiresWhen"].as_array().into_iter().flatten() {
            if object.get(condition["key"].as_str()?) != Some(&condition["equals"]) {
                continue;
            }
            for key in condition["requires"]
                .as_array()?
                .iter()
                .filter_map(Value::as_str)
            {
                if !object.contains_key(key) {
                    let value = self.value(&rule["properties"][key])?;
                    object.insert(key.to_owned(), value);
                }
            }
        }
        Some(Value::Object(object))
    }
}

/// A text that a pattern of the schema takes; `None` for a pattern that nobody has met yet.
fn sample(pattern: &str, number: u64) -> Option<String> {
    let text = match pattern {
        ARN_PATTERN => format!("arn:aws:iam::111122223333:role/desk-{number}"),
        BUCKET_ARN_PATTERN => format!("arn:aws:s3:::shots-{number}"),
        NAME_PATTERN => format!("name-{number}"),
        "^[A-Za-z0-9][A-Za-z0-9_.-]*$" => "stream.standard.large".to_owned(),
        "^[0-9a-z.-]*[0-9a-z-]$" => format!("scripts-{number}"),
        links if links.contains("sftp://") => format!("https://desk-{number}.example.com/*"),
        filters if filters.contains("[01]") => format!("Mouse,Wheel,0,1,{number},3,1,0"),
        domains if domains.starts_with("^(([a-z0-9]|") => format!("desk-{number}.example.com"),
        _ => return None,
    };
    Some(text)
}

/// The type of a rule, `null` apart.
fn kind(rule: &Value) -> &str {
    let types = rule["type"].as_array().into_iter().flatten();
    types
        .chain([&rule["type"]])
        .filter_map(Value::as_str)
        .find(|kind| *kind != "null")
        .unwrap_or_default()
}

/// The member of a path that calls take whole.
pub(super) fn top(path: &str) -> &str {
    path.split('.').next().unwrap()
}

/// The API's name of a member.
fn member(path: &str) -> String {
    let name = top(path);
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

fn in_api_names(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (member(key), in_api_names(value)))
            .collect(),
        Value::Array(items) => items.iter().map(in_api_names).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
