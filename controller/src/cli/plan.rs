//! Shows what will be done, and what it waits for.

use std::process::ExitCode;

use clap::ValueEnum;
use serde::Serialize;
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::plan::PlanRow;

use super::connect::Targets;
use super::failure::DIFFERENCES;
use super::table::{CAUTION, Cell, Table};
use super::{GlobalOptions, age, document, output};
use crate::clock::{Clock as _, SystemClock};

/// The options of `plan`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
The plan is the one that the daemon computed when it looked last; `streamkeeper reconcile --wait` \
has it look now. With --exit-code the exit code is 3 when anything is to be done or waited for, \
or when the newest generation has not been planned yet.")]
pub(super) struct Args {
    #[command(flatten)]
    targets: Targets,

    /// End with 3 when there is anything to do
    #[arg(long)]
    exit_code: bool,

    /// What to print
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns
    Table,
    /// A list with one element for each environment
    Json,
    /// The same as YAML
    Yaml,
}

/// One environment's plan, for programs.
#[derive(Debug, Serialize)]
struct EnvironmentPlan {
    environment: String,
    generation: i64,
    observed_generation: Option<i64>,
    steps: Vec<PlanRow>,
}

impl EnvironmentPlan {
    fn is_current(&self) -> bool {
        self.observed_generation
            .is_some_and(|observed| observed >= self.generation)
    }
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        targets,
        exit_code,
        output: format,
    } = args;
    let store = global.connect().await?;
    let mut plans = Vec::new();
    for status in targets.resolve(&store).await? {
        plans.push(EnvironmentPlan {
            steps: store.plan(&status.name).await?,
            environment: status.name,
            generation: status.generation,
            observed_generation: status.observed_generation,
        });
    }
    match format {
        Format::Table => print_tables(&plans)?,
        Format::Json => output::print_json(&plans)?,
        Format::Yaml => output::print(&document::to_yaml(&plans)?)?,
    }
    for plan in plans.iter().filter(|plan| !plan.is_current()) {
        output::remark(&format!(
            "environment/{}: generation {} has not been planned yet",
            plan.environment, plan.generation
        ));
    }
    let settled = plans
        .iter()
        .all(|plan| plan.is_current() && !plan.steps.iter().any(is_open));
    Ok(if exit_code && !settled {
        ExitCode::from(DIFFERENCES)
    } else {
        ExitCode::SUCCESS
    })
}

/// Whether a line is something to do or to wait for, and not a remark.
fn is_open(row: &PlanRow) -> bool {
    row.action != "-" || row.waiting_for.is_some()
}

fn print_tables(plans: &[EnvironmentPlan]) -> anyhow::Result<()> {
    let now = SystemClock::new().now();
    for (position, plan) in plans.iter().enumerate() {
        if position > 0 {
            output::print("\n")?;
        }
        if plan.steps.is_empty() {
            if plan.is_current() {
                output::print_line(&format!("environment/{}: nothing to do", plan.environment))?;
            }
            continue;
        }
        output::print_line(&format!("environment/{}:", plan.environment))?;
        output::print(&plan_table(&plan.steps, now).render(2))?;
    }
    Ok(())
}

/// A plan's lines.
pub(super) fn plan_table(steps: &[PlanRow], now: Timestamp) -> Table {
    let mut table = Table::new(["STEP", "ACTION", "OBJECT", "WAITING FOR", "SINCE", "REASON"]);
    for step in steps {
        let PlanRow {
            position,
            action,
            object,
            reason,
            waiting_for,
            since,
            disruptive,
        } = step;
        let action = if *disruptive {
            Cell::new(format!("{action} (disruptive)")).styled(CAUTION)
        } else {
            Cell::new(action)
        };
        table.row(vec![
            position.to_string().into(),
            action,
            object.into(),
            Cell::optional(waiting_for.as_ref()),
            age::since(*since, now).into(),
            reason.into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_says_what_waits_and_what_disturbs() {
        let now = Timestamp::from_timestamp(1_000, 0).unwrap();
        let step = |position, action: &str, waiting: Option<&str>, disruptive| PlanRow {
            position,
            action: action.to_owned(),
            object: "fleet/cfd".to_owned(),
            reason: "fleet.instanceType".to_owned(),
            waiting_for: waiting.map(str::to_owned),
            since: Timestamp::from_timestamp(958, 0).unwrap(),
            disruptive,
        };
        let steps = [
            step(1, "StopFleet", Some("WaitingForSessions"), true),
            step(2, "UpdateFleet", None, false),
        ];
        let text = plan_table(&steps, now).render(0);
        assert_eq!(
            anstream::adapter::strip_str(&text).to_string(),
            "STEP   ACTION                   OBJECT      WAITING FOR          SINCE   REASON\n\
             1      StopFleet (disruptive)   fleet/cfd   WaitingForSessions   42s     fleet.instanceType\n\
             2      UpdateFleet              fleet/cfd   <none>               42s     fleet.instanceType\n"
        );
    }
}
