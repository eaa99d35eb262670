//! Waits until environments are as they should be, or gone.

use std::fmt;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use streamkeeper_core::condition::{ConditionStatus, ConditionType};
use streamkeeper_state::{StatusFilter, Store};
use uuid::Uuid;

use super::connect::{Targets, select};
use super::until::{Progress, interruptible, until_all_done};
use super::{GlobalOptions, output};
use crate::config::parse_duration;

/// The options of `wait`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
A condition counts only once it speaks of the newest generation: after `apply`, `wait` does not \
take the state before it for the one after it.

Examples:
  streamkeeper wait cfd --for=condition=Ready
  streamkeeper wait cfd --for=condition=Synced=False --timeout 30s
  streamkeeper wait -l team=aero --for=delete")]
pub(super) struct Args {
    #[command(flatten)]
    targets: Targets,

    /// What to wait for: condition=TYPE, condition=TYPE=STATUS, or delete
    #[arg(long = "for", value_name = "FOR")]
    goal: Goal,

    /// How long to wait, such as 30s or 1h; 0 looks once
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_duration)]
    timeout: Duration,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// A condition has a status.
    Condition(ConditionType, ConditionStatus),
    /// The environment is gone.
    Delete,
}

impl FromStr for Goal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (what, rest) = match text.split_once('=') {
            Some((what, rest)) => (what, Some(rest)),
            None => (text, None),
        };
        match (what, rest) {
            ("delete", None) => Ok(Self::Delete),
            ("condition", Some(condition)) => {
                let (name, status) = condition.split_once('=').unwrap_or((condition, "True"));
                Ok(Self::Condition(read_type(name)?, read_status(status)?))
            }
            _ => Err("expected condition=TYPE, condition=TYPE=STATUS or delete".to_owned()),
        }
    }
}

fn read_type(name: &str) -> Result<ConditionType, String> {
    ConditionType::ALL
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(name))
        .ok_or_else(|| {
            let known = ConditionType::ALL.map(ConditionType::as_str).join(", ");
            format!("\"{name}\" is not a condition; there are {known}")
        })
}

fn read_status(name: &str) -> Result<ConditionStatus, String> {
    let known = [
        ConditionStatus::True,
        ConditionStatus::False,
        ConditionStatus::Unknown,
    ];
    known
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(name))
        .ok_or_else(|| format!("\"{name}\" is not True, False or Unknown"))
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition(name, ConditionStatus::True) => {
                write!(f, "condition {}", name.as_str())
            }
            Self::Condition(name, status) => {
                write!(f, "condition {}={}", name.as_str(), status.as_str())
            }
            Self::Delete => f.write_str("the deletion"),
        }
    }
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        targets,
        goal,
        timeout,
    } = args;
    let store = global.connect().await?;
    interruptible(async {
        match goal {
            Goal::Condition(name, status) => {
                let names = targets.resolve_names(&store).await?;
                until_all_done(names, timeout, async |environment: &String| {
                    look_at_condition(&store, environment, name, status).await
                })
                .await
            }
            Goal::Delete => {
                let found = select(&store, &targets.names, targets.selector.as_ref()).await?;
                // What is gone already is what was waited for: `delete` may have been that quick.
                for missing in &found.missing {
                    output::remark(&format!("environment \"{}\" does not exist", missing.name));
                }
                let names: Vec<String> = found.rows.into_iter().map(|row| row.name).collect();
                until_deleted(&store, &names, timeout).await
            }
        }
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}

async fn look_at_condition(
    store: &Store,
    environment: &str,
    name: ConditionType,
    wanted: ConditionStatus,
) -> anyhow::Result<Progress> {
    // The generation first: a condition read later that speaks of it speaks of nothing older.
    let filter = StatusFilter {
        names: vec![environment.to_owned()],
        ..StatusFilter::default()
    };
    let Some(status) = store.status(&filter).await?.pop() else {
        anyhow::bail!("environment \"{environment}\" was deleted meanwhile");
    };
    let conditions = store.conditions(environment).await?;
    let goal = Goal::Condition(name, wanted);
    let not_yet =
        |why: String| Progress::NotYet(format!("{goal} on environment/{environment} ({why})"));
    let found = conditions
        .into_iter()
        .find(|condition| condition.condition_type == name.as_str());
    Ok(match found {
        None => not_yet(format!("{} is not known yet", name.as_str())),
        Some(found) if found.observed_generation < status.generation => not_yet(format!(
            "generation {} has not been looked at yet",
            status.generation
        )),
        Some(found) if found.status == wanted.as_str() => {
            Progress::Done(format!("environment/{environment} condition met"))
        }
        Some(found) if found.message.is_empty() => {
            not_yet(format!("it is {}: {}", found.status, found.reason))
        }
        Some(found) => not_yet(format!(
            "it is {}: {}: {}",
            found.status, found.reason, found.message
        )),
    })
}

/// Waits until rows are gone; a row that comes back under a name is another environment.
///
/// # Errors
///
/// As [`until_all_done`].
pub(super) async fn until_deleted(
    store: &Store,
    names: &[String],
    timeout: Duration,
) -> anyhow::Result<()> {
    let mut rows: Vec<(String, Option<Uuid>)> = Vec::new();
    for name in names {
        let row = store.load_environment(name).await?;
        rows.push((name.clone(), row.map(|row| row.uid)));
    }
    until_all_done(
        rows,
        timeout,
        async |(name, uid): &(String, Option<Uuid>)| {
            let details = store.environment(name).await?;
            Ok(match details {
                Some(details) if Some(details.row.uid) == *uid => {
                    let why = details
                        .status
                        .message
                        .filter(|message| !message.is_empty())
                        .unwrap_or_else(|| "nobody has looked at it yet".to_owned());
                    Progress::NotYet(format!("{} of environment/{name} ({why})", Goal::Delete))
                }
                Some(_) | None => Progress::Done(format!("environment/{name} deleted")),
            })
        },
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_read_as_kubectl_reads_them() {
        let cases = [
            ("delete", Goal::Delete),
            (
                "condition=Ready",
                Goal::Condition(ConditionType::Ready, ConditionStatus::True),
            ),
            (
                "condition=ready=false",
                Goal::Condition(ConditionType::Ready, ConditionStatus::False),
            ),
            (
                "condition=Synced=Unknown",
                Goal::Condition(ConditionType::Synced, ConditionStatus::Unknown),
            ),
        ];
        for (text, goal) in cases {
            assert_eq!(text.parse(), Ok(goal), "{text}");
        }
        for text in [
            "",
            "ready",
            "condition",
            "condition=",
            "condition=Reedy",
            "delete=now",
            "condition=Ready=maybe",
        ] {
            assert!(text.parse::<Goal>().is_err(), "{text}");
        }
    }
}
