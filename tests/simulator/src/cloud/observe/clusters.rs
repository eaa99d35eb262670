//! Looks at clusters as the AWS client does: the list, and by ARN what it does not contain.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::{Value, json};
use streamkeeper_core::cloud::{ApplyError, ErrorClass};
use streamkeeper_core::observed::Observed;
use streamkeeper_core::seen_clusters::{
    ClusterRequest, ClusterWorld, NotListed, SeenCluster, StackDescription, is_deleted,
};

use super::{Look, PAGE_LIMIT, each};
use crate::Service;

const OPERATION: &str = "DescribeStacks";

pub(super) fn observe(look: &Look<'_>, request: &ClusterRequest) -> ClusterWorld {
    ClusterWorld {
        listed: request.list.then(|| list(look)),
        stacks: each(&request.stacks, |arn| by_arn(look, arn)),
        templates: each(&request.templates, |arn| template(look, arn)),
    }
}

fn list(look: &Look<'_>) -> Result<Vec<SeenCluster>, NotListed> {
    let mut clusters = Vec::new();
    let mut input = json!({});
    for _ in 0..PAGE_LIMIT {
        let output = describe(look, input).map_err(|error| NotListed {
            denied: error.class == ErrorClass::Denied,
            reason: format!("cloudformation:{OPERATION}: {error}"),
        })?;
        clusters.extend(stacks(&output).iter().filter_map(SeenCluster::of));
        match output["NextToken"].as_str() {
            Some(more) => input = json!({"NextToken": more}),
            None => break,
        }
    }
    Ok(clusters)
}

fn by_arn(look: &Look<'_>, arn: &str) -> Observed<SeenCluster> {
    let output = match describe(look, json!({"StackName": arn})) {
        Ok(output) => output,
        Err(error) if error.code == "ValidationError" => return Observed::Absent,
        Err(error) => {
            return Observed::Unknown(format!("cloudformation:{OPERATION} {arn}: {error}"));
        }
    };
    let stacks = stacks(&output);
    match stacks.iter().find(|stack| stack.arn == arn) {
        Some(stack) if is_deleted(&stack.status) => Observed::Absent,
        Some(stack) => SeenCluster::of(stack).map_or_else(
            || Observed::Unknown("is no cluster any more".to_owned()),
            Observed::Present,
        ),
        None => Observed::Unknown("answered without it".to_owned()),
    }
}

fn template(look: &Look<'_>, arn: &str) -> Observed<String> {
    let operation = "GetTemplate";
    match look.ask(
        Service::CloudFormation,
        operation,
        json!({"StackName": arn}),
    ) {
        Ok(output) => Observed::Present(
            output["TemplateBody"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        ),
        Err(error) => Observed::Unknown(format!("cloudformation:{operation}: {error}")),
    }
}

fn describe(look: &Look<'_>, input: Value) -> Result<Value, ApplyError> {
    look.ask(Service::CloudFormation, OPERATION, input)
}

fn stacks(output: &Value) -> Vec<StackDescription> {
    let stacks = output["Stacks"].as_array().map_or(&[][..], Vec::as_slice);
    stacks.iter().map(described).collect()
}

fn described(stack: &Value) -> StackDescription {
    let text = |member: &str| stack[member].as_str().map(str::to_owned);
    let tags = stack["Tags"].as_array().map_or(&[][..], Vec::as_slice);
    let tags: BTreeMap<String, String> = tags
        .iter()
        .filter_map(|tag| {
            Some((
                tag["Key"].as_str()?.to_owned(),
                tag["Value"].as_str()?.to_owned(),
            ))
        })
        .collect();
    let changed = text("LastUpdatedTime").or_else(|| text("CreationTime"));
    let changed = changed.and_then(|time| DateTime::parse_from_rfc3339(&time).ok());
    StackDescription {
        arn: text("StackId").unwrap_or_default(),
        name: text("StackName").unwrap_or_default(),
        status: text("StackStatus").unwrap_or_default(),
        parent: text("ParentId"),
        tags,
        changed_at: changed.map(|time| time.to_utc()),
    }
}
