//! Checks bucket policies: of others nothing is lost, and nobody is let in or locked out.

use serde_json::Value;

use crate::action::Action;
use crate::plan::PlanInput;
use crate::policy;

/// The policy before and after a call; `None` when the call writes none.
fn write(action: &Action) -> Option<(Option<&Value>, Option<&Value>)> {
    match action {
        Action::PutBucketPolicy { base, document, .. } => Some((base.as_ref(), Some(document))),
        Action::DeleteBucketPolicy { base, .. } => Some((base.as_ref(), None)),
        Action::CreateFleet { .. }
        | Action::UpdateFleet { .. }
        | Action::StartFleet { .. }
        | Action::StopFleet { .. }
        | Action::DrainSessionInstance { .. }
        | Action::DeleteFleet { .. }
        | Action::DeregisterScalableTarget { .. }
        | Action::CreateStack { .. }
        | Action::UpdateStack { .. }
        | Action::DeleteStack { .. }
        | Action::AssociateFleet { .. }
        | Action::DisassociateFleet { .. }
        | Action::TagResource { .. }
        | Action::UntagResource { .. }
        | Action::Access(_) => None,
    }
}

/// Everybody else's statements survive, the one that keeps the bucket from deletion above all.
pub(super) fn keeps_foreign_statements(
    input: &PlanInput<'_>,
    action: &Action,
) -> Option<&'static str> {
    let (base, after) = write(action)?;
    let mut digits = input.environment.uid.simple().to_string();
    digits.truncate(16);
    let prefix = format!("Streamkeeper{digits}");
    (foreign(base, &prefix) != foreign(after, &prefix))
        .then_some("everybody else's statements stay as they are")
}

fn foreign(policy: Option<&Value>, prefix: &str) -> Vec<Value> {
    let statements = policy.and_then(|policy| policy.get("Statement")).cloned();
    let list = match statements {
        Some(Value::Array(list)) => list,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    list.into_iter()
        .filter(|statement| {
            let sid = statement.get("Sid").and_then(Value::as_str);
            !sid.unwrap_or_default().starts_with(prefix)
        })
        .collect()
}

/// The guard rails are the policy module's own, which the planner asks as well: here they hold even
/// if it forgets to.
pub(super) fn keeps_guard_rails(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let Action::PutBucketPolicy {
        bucket,
        base,
        document,
    } = action
    else {
        return None;
    };
    let context = policy::GuardContext::of(input.environment, input.caller_arn, bucket);
    let refusals = policy::guard(base.as_ref(), document, &context);
    (!refusals.is_empty()).then_some("no policy lets everybody in or locks out who must get in")
}
