use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Spec;
use super::schema::spec_schema;

/// Every key a spec may have: those of an Elastic fleet alone are in the second
/// one, and `fleetRef` excludes `fleet`.
fn full_specs() -> [Value; 2] {
    [
        include_str!("tests/full_spec.json"),
        include_str!("tests/elastic_spec.json"),
    ]
    .map(|text| serde_json::from_str(text).unwrap())
}

/// What the schema says of one member of one of [`full_specs`].
struct Member {
    spec: Value,
    pointer: String,
    nullable: bool,
    required: bool,
}

/// The rules that can judge a value: a `$ref` followed, alternatives one by one.
fn alternatives<'a>(rule: &'a Value, defs: &'a Value) -> Vec<&'a Value> {
    if let Some(name) = rule["$ref"].as_str() {
        return alternatives(&defs[name.trim_start_matches("#/$defs/")], defs);
    }
    match rule["anyOf"].as_array() {
        Some(branches) => branches
            .iter()
            .flat_map(|branch| alternatives(branch, defs))
            .collect(),
        None => vec![rule],
    }
}

fn takes_null(rule: &Value) -> bool {
    rule["type"] == "null"
        || rule["type"]
            .as_array()
            .is_some_and(|types| types.contains(&json!("null")))
}

fn members(value: &Value, rule: &Value, defs: &Value, pointer: &str) -> Vec<Member> {
    let mut found = Vec::new();
    for rule in alternatives(rule, defs) {
        for (key, rule_of_key) in rule["properties"].as_object().into_iter().flatten() {
            if value.get(key).is_some() {
                let pointer = format!("{pointer}/{key}");
                found.extend(members(&value[key], rule_of_key, defs, &pointer));
                found.push(Member {
                    spec: Value::Null,
                    pointer,
                    nullable: alternatives(rule_of_key, defs).into_iter().any(takes_null),
                    required: rule["required"]
                        .as_array()
                        .is_some_and(|required| required.contains(&json!(key))),
                });
            }
        }
        if let (true, Some(element)) = (rule["items"].is_object(), value.get(0)) {
            found.extend(members(
                element,
                &rule["items"],
                defs,
                &format!("{pointer}/0"),
            ));
        }
    }
    found
}

fn members_of_full_specs() -> Vec<Member> {
    let schema = spec_schema();
    let mut found = Vec::new();
    for spec in full_specs() {
        let members = members(&spec, &schema, &schema["$defs"], "").into_iter();
        found.extend(members.map(|member| Member {
            spec: spec.clone(),
            ..member
        }));
    }
    assert!(found.len() > 40, "only {} members were found", found.len());
    found
}

fn parses(spec: Value) -> bool {
    serde_json::from_value::<Spec>(spec).is_ok()
}

/// Every rule of the schema with its place in it.
fn rules(rule: &Value, place: &str) -> Vec<(String, Value)> {
    let mut found = vec![(place.to_owned(), rule.clone())];
    for keyword in ["$defs", "properties"] {
        for (key, rule) in rule[keyword].as_object().into_iter().flatten() {
            found.extend(rules(rule, &format!("{place}/{keyword}/{key}")));
        }
    }
    for keyword in ["items", "additionalProperties", "propertyNames"] {
        if rule[keyword].is_object() {
            found.extend(rules(&rule[keyword], &format!("{place}/{keyword}")));
        }
    }
    for keyword in ["anyOf", "oneOf"] {
        for (index, rule) in rule[keyword].as_array().into_iter().flatten().enumerate() {
            found.extend(rules(rule, &format!("{place}/{keyword}/{index}")));
        }
    }
    found
}

#[test]
fn a_full_spec_survives_the_round_trip() {
    for full in full_specs() {
        let spec: Spec = serde_json::from_value(full.clone()).unwrap();
        assert_eq!(serde_json::to_value(&spec).unwrap(), full);
        // The default is not written out.
        let mut spec = full;
        spec["fleet"]["disruption"] = json!({"policy": "WhenIdle"});
        let parsed: Spec = serde_json::from_value(spec).unwrap();
        let written = serde_json::to_value(&parsed).unwrap();
        assert_eq!(written["fleet"].get("disruption"), None);
    }
}

#[test]
fn null_parses_exactly_where_the_schema_allows_it() {
    for member in members_of_full_specs() {
        let mut spec = member.spec.clone();
        *spec.pointer_mut(&member.pointer).unwrap() = Value::Null;
        assert_eq!(parses(spec), member.nullable, "{}", member.pointer);
    }
}

#[test]
fn a_key_is_missed_exactly_where_the_schema_requires_it() {
    for member in members_of_full_specs() {
        let (parent, key) = member.pointer.rsplit_once('/').unwrap();
        let mut spec = member.spec.clone();
        let parent = spec.pointer_mut(parent).unwrap();
        parent.as_object_mut().unwrap().remove(key);
        assert_eq!(parses(spec), !member.required, "{}", member.pointer);
    }
}

#[test]
fn what_can_be_unset_is_what_aws_can_unset() {
    let nullable: BTreeSet<String> = members_of_full_specs()
        .into_iter()
        .filter(|member| member.nullable)
        .map(|member| member.pointer)
        .collect();
    let nullable: Vec<String> = nullable.into_iter().collect();
    assert_eq!(
        nullable,
        [
            "/entitlements/0/description",
            "/fleet/description",
            "/fleet/displayName",
            "/fleet/domainJoinInfo",
            "/fleet/iamRoleArn",
            "/fleet/maxSessionsPerInstance",
            "/fleet/rootVolumeConfig",
            "/fleet/sessionScriptS3Location",
            "/fleet/usbDeviceFilterStrings",
            "/fleet/vpcConfig",
            "/fleet/vpcConfig/securityGroupIds",
            "/stack/accessEndpoints",
            "/stack/agentAccessConfig",
            "/stack/contentRedirection",
            "/stack/description",
            "/stack/displayName",
            "/stack/embedHostDomains",
            "/stack/feedbackURL",
            "/stack/redirectURL",
            "/stack/storageConnectorAuthentication",
            "/stack/storageConnectors",
            "/stack/streamingExperienceSettings",
            "/stack/theme",
            "/stack/theme/footerLinks",
        ]
    );
}

#[test]
fn every_key_is_in_one_of_the_full_specs() {
    let schema = spec_schema();
    let named: BTreeSet<String> = members_of_full_specs()
        .iter()
        .filter_map(|member| Some(member.pointer.rsplit_once('/')?.1.to_owned()))
        .collect();
    for object in ["FleetSpec", "StackSpec"] {
        for key in schema["$defs"][object]["properties"]
            .as_object()
            .unwrap()
            .keys()
        {
            assert!(named.contains(key), "{object}.{key}");
        }
    }
}

#[test]
fn every_object_says_whether_it_takes_other_keys() {
    for (place, rule) in rules(&spec_schema(), "#") {
        assert!(
            rule["type"] != "object" || rule.get("additionalProperties").is_some(),
            "{place}"
        );
    }
}

#[test]
fn every_integer_fits_what_the_sdk_takes() {
    let mut integers = 0;
    for (place, rule) in rules(&spec_schema(), "#") {
        if rule["type"] == "integer" && rule.get("const").is_none() {
            integers += 1;
            for bound in ["minimum", "maximum"] {
                let bound = rule[bound]
                    .as_i64()
                    .unwrap_or_else(|| panic!("{place}: no {bound}"));
                assert!(i32::try_from(bound).is_ok(), "{place}: {bound}");
            }
        }
    }
    assert!(integers > 0);
}

#[test]
fn patterns_mean_the_same_everywhere() {
    let mut patterns = 0;
    for (place, rule) in rules(&spec_schema(), "#") {
        let Some(pattern) = rule["pattern"].as_str() else {
            continue;
        };
        patterns += 1;
        assert!(
            pattern.starts_with('^') && pattern.ends_with('$'),
            "{place}: {pattern} matches a part"
        );
        for foreign in ["(?", r"\p", r"\w", r"\d", r"\s", r"\b", "[:"] {
            assert!(
                !pattern.contains(foreign),
                "{place}: {pattern} uses {foreign}"
            );
        }
        for repeat in pattern.split('{').skip(1) {
            let bounds = repeat.split('}').next().unwrap().split(',');
            for bound in bounds.filter(|bound| !bound.is_empty()) {
                let bound: u32 = bound.parse().unwrap();
                // What PostgreSQL takes at most.
                assert!(bound <= 255, "{place}: {pattern} repeats {bound} times");
            }
        }
    }
    assert!(patterns > 5);
}

#[test]
fn a_choice_lists_constants_only() {
    for (place, rule) in rules(&spec_schema(), "#") {
        for branch in rule["oneOf"].as_array().into_iter().flatten() {
            assert!(branch.get("const").is_some(), "{place}: {branch}");
        }
    }
}
