//! Reads which clusters there are, and what became of those that a list does not contain.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_cloudformation::operation::describe_stacks::DescribeStacksOutput;
use aws_sdk_cloudformation::types::Stack;
use streamkeeper_core::cloud::{ApplyError, ErrorClass};
use streamkeeper_core::observed::Observed;
use streamkeeper_core::seen_clusters::{
    ClusterRequest, ClusterWorld, NotListed, SeenCluster, StackDescription, is_deleted,
};

use super::Page;
use super::reader::Reader;
use crate::{convert, error};

/// Named with its service, because AppStream has an operation of the same name.
const OPERATION: &str = "cloudformation:DescribeStacks";

const TEMPLATE: &str = "cloudformation:GetTemplate";

/// What CloudFormation answers about a stack that there is not.
const NO_SUCH_STACK: &str = "ValidationError";

/// Everything a request asks of clusters.
pub(super) async fn observe(reader: &Arc<Reader>, request: &ClusterRequest) -> ClusterWorld {
    let listed = async {
        if request.list {
            Some(list(reader).await)
        } else {
            None
        }
    };
    let by_arn = reader.each(&request.stacks, |reader, arn| async move {
        by_arn(&reader, &arn).await
    });
    let templates = reader.each(&request.templates, |reader, arn| async move {
        template(&reader, &arn).await
    });
    let (listed, stacks, templates) = tokio::join!(listed, by_arn, templates);
    ClusterWorld {
        listed,
        stacks,
        templates,
    }
}

/// The whole list or nothing: with half of it, what is on the other half would look gone.
async fn list(reader: &Reader) -> Result<Vec<SeenCluster>, NotListed> {
    let page = |token| async move {
        let answer = describe(reader, None, token).await?;
        let stacks = answer.stacks.unwrap_or_default();
        Ok(Page {
            items: stacks.iter().map(described).collect(),
            next: answer.next_token,
        })
    };
    let stacks: Vec<StackDescription> = reader.whole(page).await.map_err(|error| NotListed {
        denied: error.class == ErrorClass::Denied && !error::is_about_credentials(&error.code),
        // Without a request id, so that a reason that stays the same reads the same.
        reason: format!("{OPERATION}: {error}"),
    })?;
    Ok(stacks.iter().filter_map(SeenCluster::of).collect())
}

/// AWS answers about a deleted stack for a while, to who asks by ARN; after that it knows it no
/// longer.
async fn by_arn(reader: &Reader, arn: &str) -> Observed<SeenCluster> {
    let answer = match describe(reader, Some(arn.to_owned()), None).await {
        Ok(answer) => answer,
        Err(error) if error.code == NO_SUCH_STACK => return Observed::Absent,
        Err(error) => return Observed::Unknown(error::reason(OPERATION, arn, &error)),
    };
    let stacks = answer.stacks.unwrap_or_default();
    let Some(stack) = stacks.iter().map(described).find(|stack| stack.arn == arn) else {
        return Observed::Unknown(format!("{OPERATION} {arn}: answered without it"));
    };
    if is_deleted(&stack.status) {
        return Observed::Absent;
    }
    // What was a cluster under that ARN stays one.
    SeenCluster::of(&stack).map_or_else(
        || Observed::Unknown(format!("{OPERATION} {arn}: is no cluster any more")),
        Observed::Present,
    )
}

/// The text that the stack was made of, as its maker wrote it.
async fn template(reader: &Reader, arn: &str) -> Observed<String> {
    let request = reader.clients.cloudformation.get_template().stack_name(arn);
    match reader.call(TEMPLATE, || request.clone().send()).await {
        Ok(answer) => answer.template_body.map_or_else(
            || Observed::Unknown(format!("{TEMPLATE} {arn}: answered without it")),
            Observed::Present,
        ),
        // Without a request id, so that a reason that stays the same reads the same.
        Err(error) => Observed::Unknown(format!("{TEMPLATE}: {error}")),
    }
}

async fn describe(
    reader: &Reader,
    name: Option<String>,
    token: Option<String>,
) -> Result<DescribeStacksOutput, ApplyError> {
    let request = reader.clients.cloudformation.describe_stacks();
    let request = request.set_stack_name(name).set_next_token(token);
    reader.call(OPERATION, || request.clone().send()).await
}

fn described(stack: &Stack) -> StackDescription {
    let tags = stack.tags().iter();
    let tags: BTreeMap<String, String> = tags
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
        .collect();
    let changed = stack.last_updated_time().or_else(|| stack.creation_time());
    StackDescription {
        arn: stack.stack_id().unwrap_or_default().to_owned(),
        name: stack.stack_name().unwrap_or_default().to_owned(),
        status: stack
            .stack_status()
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        parent: stack.parent_id().map(str::to_owned),
        tags,
        changed_at: convert::timestamp(changed),
    }
}
