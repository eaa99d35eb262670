//! `import` makes rows of what an account has, and touches nothing until a row says so.

mod by_hand;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

use serde_json::{Map, json};
use streamkeeper_core::fields::{FLEET, STACK};
use streamkeeper_simulator::http::{Server, serve};
use streamkeeper_simulator::{
    Caller, Config, Delays, Fault, JournalEntry, Matcher, Quotas, Simulator,
};
use streamkeeper_tests::{DEADLINE, Daemon, REGION, wait_until};

use self::by_hand::{Hands, top};
use super::{Answer, Desk};

/// Another seed is another account.
const SEED: u64 = 20_261_125;

/// An access key of another account.
const STRANGERS_KEY: &str = "AKIDSTRANGER";

/// A desk, and an account of AWS that everything is made in by hand.
pub(super) struct Office {
    pub(super) desk: Desk,
    pub(super) simulator: Simulator,
    front: Server,
}

impl Office {
    pub(super) async fn open() -> Self {
        let config = Config {
            delays: Delays::none(),
            quotas: Quotas::unlimited(),
            time_scale: Some(1.0),
            credentials: BTreeMap::from([(
                STRANGERS_KEY.to_owned(),
                Caller::role("444455556666", "Admin", "mallory"),
            )]),
            ..Config::default()
        };
        let simulator = Simulator::new(config);
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            desk: Desk::create().await,
            front: serve(simulator.clone(), any_port).await.unwrap(),
            simulator,
        }
    }

    pub(super) fn with_credentials(
        &self,
        mut command: std::process::Command,
    ) -> std::process::Command {
        command
            .env("AWS_ENDPOINT_URL", self.front.url())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret");
        command
    }

    /// Runs a command while the front, which lives in this process, answers.
    pub(super) async fn run(&self, args: &[&str]) -> Answer {
        self.wait_for(self.with_credentials(self.desk.command(args)))
            .await
    }

    /// The same with credentials of another account.
    pub(super) async fn run_as_stranger(&self, args: &[&str]) -> Answer {
        let mut command = self.with_credentials(self.desk.command(args));
        command.env("AWS_ACCESS_KEY_ID", STRANGERS_KEY);
        self.wait_for(command).await
    }

    pub(super) async fn wait_for(&self, mut command: std::process::Command) -> Answer {
        tokio::task::spawn_blocking(move || Answer::of(command.output().unwrap()))
            .await
            .unwrap()
    }

    pub(super) fn daemon(&self) -> Daemon {
        Daemon::spawn(self.with_credentials(self.desk.command(&[
            "run",
            "--sweep-interval=1s",
            "--transition-interval=100ms",
            "--listen=127.0.0.1:0",
        ])))
    }

    /// Mutating calls so far.
    pub(super) fn changes(&self) -> Vec<JournalEntry> {
        let journal = self.simulator.journal().into_iter();
        journal.filter(|entry| entry.mutating).collect()
    }

    fn hands(&self) -> Hands<'_> {
        Hands::new(&self.simulator, SEED)
    }

    async fn until_nothing_but(&self, what: &str, query: &str) {
        wait_until(what, DEADLINE, async || self.desk.count(query).await == 0).await;
    }

    async fn lines(&self, query: &'static str) -> Vec<String> {
        sqlx::query_scalar(query)
            .fetch_all(&self.desk.database.pool)
            .await
            .unwrap()
    }
}

/// Rows whose last look found anything, or that nobody has looked at.
const UNSETTLED: &str = "FROM streamkeeper.status
     WHERE ready <> 'True' OR observed_generation IS DISTINCT FROM generation";

/// Lines of plans.
const PLANNED: &str = "FROM streamkeeper.environments
     CROSS JOIN LATERAL streamkeeper.plan(environments.name)";

#[tokio::test(flavor = "multi_thread")]
async fn an_account_made_by_hand_is_watched_and_then_kept_without_any_change() {
    let office = Office::open().await;
    println!("seed {SEED}");
    let mut hands = office.hands();
    let stacks_of = furnish(&mut hands);
    let keys = FLEET.iter().map(|rule| format!("fleet.{}", top(rule.path)));
    let keys = keys.chain(STACK.iter().map(|rule| format!("stack.{}", top(rule.path))));
    let never: BTreeSet<String> = keys
        .filter(|key| hands.taken.get(key).is_none_or(|taken| *taken == 0))
        .collect();
    assert_eq!(never, BTreeSet::new(), "AWS took none of these");
    let scaled: Vec<String> = (0..10)
        .map(|number| format!("alone-{number}"))
        .filter(|name| hands.scale(name))
        .collect();
    assert!(!scaled.is_empty(), "AWS scales none of them");
    let before = office.changes().len();

    let answer = office.run(&["import"]).await;
    let created = answer.succeeds();
    assert_eq!(created.lines().count(), ROWS, "{created}");
    let daemon = office.daemon();
    office
        .until_nothing_but("every row is as AWS is", UNSETTLED)
        .await;
    assert_eq!(office.desk.count(PLANNED).await, 0);
    let rows = "FROM streamkeeper.environments WHERE mode = 'observe'";
    assert_eq!(office.desk.count(rows).await, i64::try_from(ROWS).unwrap());
    assert_eq!(office.desk.count("FROM streamkeeper.drift").await, 0);
    let referring = office
        .desk
        .count("FROM streamkeeper.environments WHERE spec ? 'fleetRef'")
        .await;
    assert_eq!(referring, i64::try_from(stacks_of - FLEETS).unwrap());
    let theirs = office
        .desk
        .count("FROM streamkeeper.environments WHERE spec @> '{\"ignore\": [\"fleet.computeCapacity\"]}'")
        .await;
    assert_eq!(theirs, i64::try_from(scaled.len()).unwrap());
    let made: Vec<JournalEntry> = office.changes().split_off(before);
    assert!(made.is_empty(), "{made:#?}");

    // A second import has nothing to do, and says so.
    let again = office.run(&["import"]).await;
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), ""));
    assert!(
        again
            .stderr
            .contains("fleet/fleet-3: environment fleet-3 declares it")
    );

    office
        .desk
        .execute(
            "UPDATE streamkeeper.environments SET mode = 'enforce'
             WHERE name IN ('fleet-0', 'fleet-1', 'alone-1')",
        )
        .await;
    office
        .until_nothing_but("the rows are taken over", UNSETTLED)
        .await;
    wait_until("their tags are on", DEADLINE, async || {
        office.changes().len() == before + 5
    })
    .await;
    let made: Vec<String> = office.changes()[before..]
        .iter()
        .map(|entry| entry.operation.clone())
        .collect();
    assert_eq!(made, ["TagResource"; 5]);
    assert_eq!(
        office
            .lines("SELECT DISTINCT reason FROM streamkeeper.events WHERE type = 'Warning'")
            .await,
        Vec::<String>::new()
    );
    daemon.terminate();
    assert!(daemon.wait(DEADLINE).await.success());
}

/// How many fleets there are, each with a stack of its own.
const FLEETS: usize = 20;
/// How many rows they and all stacks make.
const ROWS: usize = 50;

/// Twenty fleets, each with one stack, ten further stacks on them, ten fleets and ten stacks alone,
/// five of these as namesakes; how many stacks are on fleets.
fn furnish(hands: &mut Hands<'_>) -> usize {
    let (mut fleets, mut stacks, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..FLEETS {
        let fleet = format!("fleet-{number}");
        // Half of the stacks have other names.
        let stack = if number % 2 == 0 {
            fleet.clone()
        } else {
            format!("desk-{number}")
        };
        pairs.push((fleet.clone(), stack));
        if number % 2 == 0 {
            pairs.push((fleet.clone(), format!("viewers-{number}")));
        }
        fleets.push(fleet);
    }
    stacks.extend(pairs.iter().map(|(_, stack)| stack.clone()));
    for number in 0..10 {
        fleets.push(format!("alone-{number}"));
        let name = if number < 5 { "alone" } else { "plain" };
        stacks.push(format!("{name}-{number}"));
    }
    fleets.iter().for_each(|name| hands.fleet(name));
    stacks.iter().for_each(|name| hands.stack(name));
    // First, because AWS refuses what the two have that does not go together.
    for (fleet, stack) in &pairs {
        let pair = json!({"FleetName": fleet, "StackName": stack});
        hands.make("AssociateFleet", pair);
    }
    fleets.iter().for_each(|name| hands.set_fleet(name));
    stacks.iter().for_each(|name| hands.set_stack(name));
    pairs.len()
}

/// A fleet and a stack called `cfd`, associated, and a stack called `view` beside them.
fn three(office: &Office) {
    let hands = office.hands();
    let fleet = json!({"Name": "cfd", "InstanceType": "stream.standard.medium",
                       "ImageName": "pcluster-2026-11",
                       "ComputeCapacity": {"DesiredInstances": 1}});
    hands.make("CreateFleet", fleet);
    for stack in ["cfd", "view"] {
        hands.make("CreateStack", json!({"Name": stack}));
        let pair = json!({"FleetName": "cfd", "StackName": stack});
        hands.make("AssociateFleet", pair);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_instead_of_rows_need_no_database_and_make_the_same_rows() {
    let office = Office::open().await;
    three(&office);
    let mut command = office.with_credentials(super::bare_command(&["import", "-o", "yaml"]));
    let yaml = tokio::task::spawn_blocking(move || Answer::of(command.output().unwrap()))
        .await
        .unwrap()
        .succeeds();
    assert_eq!(
        office.run(&["import", "-o", "yaml"]).await.succeeds(),
        yaml,
        "with an empty database the same"
    );
    assert_eq!(office.desk.count("FROM streamkeeper.environments").await, 0);
    let created = office.run(&["import"]).await.succeeds();
    assert_eq!(
        created,
        "environment/cfd created (fleet/cfd, stack/cfd)\n\
         environment/view created (stack/view)\n"
    );
    assert_eq!(
        office.desk.apply(&yaml).succeeds(),
        "environment/cfd unchanged\nenvironment/view unchanged\n"
    );
    assert_eq!(
        office.desk.run(&["export"]).succeeds(),
        yaml.replace(
            "mode: observe\n",
            "mode: observe\npaused: false\ndeletionPolicy: delete\n"
        )
    );
    let json = office.run(&["import", "-o", "json"]).await;
    assert_eq!(json.code, Some(0));
    let list: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (&list["kind"], &list["items"]),
        (&json!("EnvironmentList"), &json!([]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_row_can_say_is_told_and_holds_up_nothing_else() {
    let office = Office::open().await;
    three(&office);
    // AWS takes 50 tags, of which a row leaves two to us.
    let tags: Map<String, serde_json::Value> = (0..50)
        .map(|number| (format!("tag-{number}"), json!("x")))
        .collect();
    office
        .hands()
        .make("CreateStack", json!({"Name": "many", "Tags": tags}));
    let foreign = json!({"Name": "theirs", "Tags": {"streamkeeper:uid": "another"}});
    office.hands().make("CreateStack", foreign);
    office
        .desk
        .apply(
            "apiVersion: streamkeeper.dev/v1\nkind: Environment\nmetadata: {name: view}\n\
             region: eu-north-1\nspec: {stack: {}}\n",
        )
        .succeeds();
    let answer = office.run(&["import"]).await;
    assert_eq!(
        answer.stdout,
        "environment/cfd created (fleet/cfd, stack/cfd)\n"
    );
    assert_eq!(
        answer.stderr,
        "warning: stack/many: no row can say it: spec.tags: has 50 keys, above the maximum 48\n\
         warning: stack/theirs: it carries streamkeeper:uid=another, and no row here has \
         that identity; remove its streamkeeper: tags if nobody keeps it any more\n\
         warning: stack/view: environment view has its name and does not declare it; declare it \
         there, or insert a row by hand\n"
    );
    assert_eq!(answer.code, Some(3));
    assert_eq!(office.desk.count("FROM streamkeeper.environments").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_read_makes_no_row() {
    let office = Office::open().await;
    three(&office);
    for (operation, words) in [
        ("DescribeFleets", "failed to list the fleets: "),
        ("DescribeStacks", "failed to list the stacks: "),
        (
            "GetCallerIdentity",
            "failed to ask AWS whose these credentials are",
        ),
    ] {
        let denied = Fault::refuse("AccessDeniedException", "no");
        office
            .simulator
            .faults()
            .add(Matcher::operation(operation), denied);
        let error = office.run(&["import"]).await.fails(1);
        assert!(error.starts_with(&format!("error: {words}")), "{error}");
    }
    let error = office.run(&["import", "cfd", "nobody"]).await.fails(1);
    assert_eq!(error, "error: there is no fleet or stack \"nobody\"\n");
    assert_eq!(office.desk.count("FROM streamkeeper.environments").await, 0);
    // One that cannot be read is left out, and said.
    let denied = Fault::refuse("AccessDeniedException", "no");
    office
        .simulator
        .faults()
        .add(Matcher::operation("ListAssociatedFleets"), denied);
    let answer = office.run(&["import"]).await;
    assert_eq!(answer.code, Some(3));
    assert!(
        answer.stderr.contains("its association could not be read"),
        "{}",
        answer.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_region_is_asked_for_where_nobody_names_one() {
    let office = Office::open().await;
    three(&office);
    let mut command = office.with_credentials(office.desk.command(&["import"]));
    command.env_remove("AWS_REGION");
    let error = tokio::task::spawn_blocking(move || Answer::of(command.output().unwrap()))
        .await
        .unwrap()
        .fails(2);
    assert!(error.starts_with("error: there is no region"), "{error}");
    let other = office.run(&["import", "--region", "eu-north-1"]).await;
    assert_eq!(other.stderr, "No environments to import.\n");
    assert_eq!(other.code, Some(0));
    let here = office.run(&["import", "view", "--region", REGION]).await;
    assert_eq!(here.stdout, "environment/view created (stack/view)\n");
    assert!(
        here.stderr.contains("fleet/cfd has no row"),
        "{}",
        here.stderr
    );
}
