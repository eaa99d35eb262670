//! Answers what CloudFormation says of stacks, which tests put there by hand: clusters among them.
//!
//! # What is deliberately absent
//!
//! Every call that changes a stack. Users' clusters are made by `pcluster`, and nothing else here
//! may touch them.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::page::Pager;
use super::state::{State, Tags, rows_in};
use super::{Answer, Place, Request, seeded};
use crate::call::ServiceError;

/// The status of a stack that is gone; AWS answers it for a while to who asks by ARN.
pub(crate) const DELETED: &str = "DELETE_COMPLETE";

/// A stack of CloudFormation's.
#[derive(Debug, Clone)]
pub(crate) struct CloudStack {
    pub(crate) name: String,
    pub(crate) status: String,
    /// The ARN of the stack that it is nested in.
    pub(crate) parent: Option<String>,
    pub(crate) tags: Tags,
    pub(crate) template: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: Option<DateTime<Utc>>,
}

impl CloudStack {
    /// The ARN of a new stack; a namesake has another.
    pub(crate) fn arn(seed: u64, place: &Place, name: &str, serial: u64) -> String {
        let Place { account, region } = place;
        let id = seeded::uuid(seed, &format!("stack {account} {region} {name} {serial}"));
        format!("arn:aws:cloudformation:{region}:{account}:stack/{name}/{id}")
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.status == DELETED
    }

    fn document(&self, arn: &str) -> Value {
        let time = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Millis, true);
        let tags = self.tags.iter();
        let tags: Vec<Value> = tags
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect();
        let mut document = json!({
            "CreationTime": time(self.created),
            "StackId": arn,
            "StackName": self.name,
            "StackStatus": self.status,
            "Tags": tags,
        });
        if let Some(updated) = self.updated {
            document["LastUpdatedTime"] = json!(time(updated));
        }
        if let Some(parent) = &self.parent {
            document["ParentId"] = json!(parent);
            document["RootId"] = json!(parent);
        }
        document
    }

    /// The stack without times, for comparing.
    pub(crate) fn snapshot(&self) -> Value {
        let mut document = self.document("");
        let members = document
            .as_object_mut()
            .map_or_else(Map::new, std::mem::take);
        let members = members.into_iter();
        members
            .filter(|(member, _)| !member.ends_with("Time") && member != "StackId")
            .collect()
    }
}

/// `DescribeStacks`: all that are not deleted, or the one that is named.
pub(crate) fn describe_stacks(state: &State, request: &Request<'_>) -> Answer {
    if let Some(name) = request.text("StackName") {
        let (arn, stack) = named(state, request, name)?;
        return Ok(json!({"Stacks": [stack.document(arn)]}));
    }
    let pager = Pager {
        seed: state.config.seed,
        list: "cloudformation DescribeStacks",
        place: &request.place,
        size: state.config.page_size,
    };
    let after = pager
        .start(request.text("NextToken"))
        .map_err(|error| invalid(error.message))?;
    let rows = rows_in(&state.cloud_stacks, &request.place, after.as_deref())
        .filter(|(_, stack)| !stack.is_deleted())
        .map(|(arn, stack)| (arn.to_owned(), stack.document(arn)));
    Ok(pager.cut(rows).into_answer("Stacks"))
}

/// `GetTemplate`: the text that the stack was made of.
pub(crate) fn get_template(state: &State, request: &Request<'_>) -> Answer {
    let (_, stack) = named(state, request, request.required("StackName"))?;
    Ok(json!({
        "StagesAvailable": ["Original", "Processed"],
        "TemplateBody": stack.template,
    }))
}

/// By name only what is there; by ARN what is gone too.
fn named<'a>(
    state: &'a State,
    request: &'a Request<'_>,
    name: &str,
) -> Result<(&'a str, &'a CloudStack), ServiceError> {
    rows_in(&state.cloud_stacks, &request.place, None)
        .find(|(arn, stack)| *arn == name || (stack.name == name && !stack.is_deleted()))
        .ok_or_else(|| invalid(format!("Stack with id {name} does not exist")))
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ValidationError", message)
}
