//! Names what a configuration still needs before ParallelCluster takes it.
//!
//! The list is the one that the package's schema of version 3.16.1 calls required; `tests/judged`
//! holds it to that.

use serde_json::{Map, Value};

/// Paths of what is missing, such as `HeadNode.InstanceType`.
pub(super) fn missing(config: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    needs(&mut found, "", config, &[&["Image", "Os"]]);
    if let Some(Value::Object(head)) = config.get("HeadNode") {
        let members: [&[&str]; 2] = [&["InstanceType"], &["Networking", "SubnetId"]];
        needs(&mut found, "HeadNode.", head, &members);
    }
    let below = |top: &str, list: &str| config.get(top).and_then(|top| top.get(list)).cloned();
    for (path, pool) in items("LoginNodes.Pools", below("LoginNodes", "Pools")) {
        let members: [&[&str]; 4] = [
            &["Name"],
            &["InstanceType"],
            &["Count"],
            &["Networking", "SubnetIds"],
        ];
        needs(&mut found, &path, &pool, &members);
    }
    for (path, queue) in items("Scheduling.SlurmQueues", below("Scheduling", "SlurmQueues")) {
        let members: [&[&str]; 3] = [
            &["Name"],
            &["ComputeResources"],
            &["Networking", "SubnetIds"],
        ];
        needs(&mut found, &path, &queue, &members);
        let resources = format!("{path}ComputeResources");
        for (path, resource) in items(&resources, queue.get("ComputeResources").cloned()) {
            needs(&mut found, &path, &resource, &[&["Name"]]);
        }
    }
    found
}

/// The mappings of a list, each with the path below it.
fn items(path: &str, list: Option<Value>) -> Vec<(String, Map<String, Value>)> {
    let Some(Value::Array(items)) = list else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        if let Value::Object(item) = item {
            found.push((format!("{path}[{index}]."), item));
        }
    }
    found
}

fn needs(found: &mut Vec<String>, path: &str, of: &Map<String, Value>, members: &[&[&str]]) {
    for member in members {
        let mut value = of.get(member[0]);
        for key in &member[1..] {
            value = value.and_then(|value| value.get(key));
        }
        if value.is_none_or(Value::is_null) {
            found.push(format!("{path}{}", member.join(".")));
        }
    }
}
