//! What `describe` prints of a fixed environment.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use streamkeeper_core::condition::{Condition, ConditionStatus, ConditionType};
use streamkeeper_core::plan::PlanRow;
use streamkeeper_state::{ClusterRow, RowVersion, StatusRow};
use uuid::Uuid;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn environment() -> EnvironmentDetails {
    let status = StatusRow {
        name: "cfd".to_owned(),
        region: "eu-west-1".to_owned(),
        account_id: None,
        ready: "False".to_owned(),
        reason: Some("WaitingForSessions".to_owned()),
        message: Some("fleet/cfd: 2 sessions".to_owned()),
        generation: 3,
        observed_generation: Some(3),
        fleet_state: Some("RUNNING".to_owned()),
        drift_count: 1,
        last_verified_at: Some(at(-12)),
        associations_verified_at: None,
        age_s: 312,
    };
    let row = EnvironmentRow {
        name: "cfd".to_owned(),
        uid: Uuid::nil(),
        region: "eu-west-1".to_owned(),
        account_id: None,
        spec: json!({"fleet": {"maxUserDurationInSeconds": 345_600}}),
        labels: BTreeMap::from([
            ("stage".to_owned(), "prod".to_owned()),
            ("team".to_owned(), "aero".to_owned()),
        ]),
        mode: "enforce".to_owned(),
        paused: false,
        deletion_policy: "delete".to_owned(),
        generation: 3,
        deletion_requested_at: None,
        created_at: at(-312),
        updated_at: at(-60),
        conditions: vec![StoredCondition {
            condition: Condition {
                condition_type: ConditionType::Ready,
                status: ConditionStatus::False,
                reason: "WaitingForSessions".to_owned(),
                message: "fleet/cfd: 2 sessions".to_owned(),
            },
            observed_generation: 3,
            last_transition_at: at(-42),
        }],
        managed: BTreeMap::from([("fleet.instanceType".to_owned(), None)]),
        owned: BTreeSet::from(["fleet/cfd".to_owned(), "stack/cfd".to_owned()]),
        open_intents: Vec::new(),
        debts: BTreeSet::new(),
        cluster_configs: BTreeMap::new(),
        open_drift: Vec::new(),
        plan: vec![PlanRow {
            position: 1,
            action: "StopFleet".to_owned(),
            object: "fleet/cfd".to_owned(),
            reason: "fleet.instanceType".to_owned(),
            waiting_for: Some("WaitingForSessions".to_owned()),
            since: at(-42),
            disruptive: true,
        }],
        observed_generation: Some(3),
        fleet_state: Some("RUNNING".to_owned()),
        verified_at: None,
        follows_sweep: true,
        reconcile_requested_at: None,
        approved_generation: None,
        associations_verified_at: None,
        faults: Vec::new(),
        version: RowVersion {
            row: 1,
            state: None,
        },
        own_associations_verified_at: None,
    };
    EnvironmentDetails { status, row }
}

fn drift(path: &str, resolved_at: Option<Timestamp>) -> DriftRow {
    DriftRow {
        id: 1,
        environment: "cfd".to_owned(),
        uid: Uuid::nil(),
        object: "fleet/cfd".to_owned(),
        path: path.to_owned(),
        desired: json!(345_600),
        observed: json!("x".repeat(100)),
        first_seen_at: at(-30),
        last_seen_at: at(-12),
        resolved_at,
        resolution: resolved_at.map(|_| "repaired".to_owned()),
        actor: None,
    }
}

fn plain(story: &Story) -> String {
    let text = render(story, at(0)).unwrap();
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn the_whole_story_fits_on_a_page() {
    let story = Story {
        details: environment(),
        drift: vec![
            drift("fleet.maxUserDurationInSeconds", None),
            drift("fleet.description", Some(at(-6))),
        ],
        events: Vec::new(),
        clusters: Vec::new(),
    };
    let cut = format!("\"{}…", "x".repeat(58));
    let expected = format!(
        "\
Name:             cfd
Region:           eu-west-1
Account:          the daemon's own
Uid:              00000000-0000-0000-0000-000000000000
Labels:           stage=prod
                  team=aero
Mode:             enforce
Paused:           no
Deletion policy:  delete
Generation:       3 (planned: 3)
Created:          2027-01-15T07:54:48Z (5m12s ago)
Changed:          2027-01-15T07:59:00Z (60s ago)
Fleet:            RUNNING
Verified:         12s ago
Association:      <none>
Conditions:
  TYPE    STATUS   REASON               SINCE   MESSAGE
  Ready   False    WaitingForSessions   42s     fleet/cfd: 2 sessions
Plan:
  STEP   ACTION                   OBJECT      WAITING FOR          SINCE   REASON
  1      StopFleet (disruptive)   fleet/cfd   WaitingForSessions   42s     fleet.instanceType
Drift:
  OBJECT      FIELD                            DESIRED   OBSERVED                                                       SINCE
  fleet/cfd   fleet.maxUserDurationInSeconds   345600    {cut}   30s
Ended drift:
  ENDED    OBJECT      FIELD               DESIRED   OBSERVED                                                       HOW
  6s ago   fleet/cfd   fleet.description   345600    {cut}   repaired
Events:           <none>
Owned objects:
  fleet/cfd
  stack/cfd
Managed fields:
  fleet.instanceType
Spec:
  fleet:
    maxUserDurationInSeconds: 345600
"
    );
    assert_eq!(plain(&story), expected);
}

#[test]
fn what_is_unusual_is_said() {
    let mut details = environment();
    let row = &mut details.row;
    row.labels = BTreeMap::new();
    row.paused = true;
    row.observed_generation = None;
    row.approved_generation = Some(2);
    row.deletion_requested_at = Some(at(-5));
    row.debts = BTreeSet::from(["cfd".to_owned()]);
    row.faults = vec!["mode \"x\"\nis not known".to_owned()];
    let text = plain(&Story {
        details,
        drift: Vec::new(),
        events: Vec::new(),
        clusters: vec![ClusterRow {
            environment: Some("cfd".to_owned()),
            region: "eu-west-1".to_owned(),
            account_id: Some("111122223333".to_owned()),
            name: "mesh".to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
            version: "3.16.1".to_owned(),
            user: Some("ada".to_owned()),
            seen_at: Some(at(-60)),
            access: Some("differs".to_owned()),
            access_message: Some("it may not write".to_owned()),
        }],
    });
    for line in [
        "Labels:           <none>\n",
        "Paused:           yes\n",
        "Generation:       3 (not planned yet)\n",
        "Approved:         generation 2\n",
        "Deletion:         requested 2027-01-15T07:59:55Z (5s ago)\n",
        "Start owed:       cfd\n",
        "Unreadable:       mode \"x\" is not known\n",
        "Drift:            <none>\n",
        "Clusters:\n  NAME   STATUS            VERSION   USER   SEEN      ACCESS\n",
        "  mesh   CREATE_COMPLETE   3.16.1    ada    60s ago   differs: it may not write\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("Ended drift"));
}

#[test]
fn the_folders_of_everybody_the_row_names_are_shown() {
    let mut details = environment();
    details.row.spec = json!({
        "users": [{"userName": "ada@x.org"}],
        "clusters": [
            {"name": "a", "access": "READ_WRITE", "users": ["testuser@mydomain.com"]},
            {"name": "b", "access": "READ_ONLY", "users": ["testuser@mydomain.com"]},
            {"name": "c", "access": "READ_ONLY"},
        ],
    });
    let told = |details: &EnvironmentDetails| {
        let text = plain(&Story {
            details: details.clone(),
            drift: Vec::new(),
            events: Vec::new(),
            clusters: Vec::new(),
        });
        let (_, rest) = text.split_once("Folders:\n").unwrap();
        let (folders, _) = rest.split_once("Owned objects:").unwrap();
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        folders.lines().map(words).collect::<Vec<_>>()
    };
    let id = "a0bcb1da11f480d9b5b3e90f91243143eac04cfccfbdc777e740fab628a1cd13";
    let folders = told(&details);
    assert_eq!(folders.len(), 4, "{folders:?}");
    assert_eq!(folders[0], "USER COMES BY FOLDER");
    assert!(folders[1].starts_with("ada@x.org user pool user/userpool/"));
    let custom = format!("testuser@mydomain.com streaming URL user/custom/{id}/");
    assert_eq!(folders[2], format!("{custom} (home bucket not known yet)"));

    // Neither a bucket of the environment's own nor another region's is the home bucket.
    let home = "appstream2-36fb080bb8-eu-west-1-111122223333-hwzroy6c";
    details.row.owned.insert("bucket/aaa".to_owned());
    let elsewhere = "bucket/appstream2-36fb080bb8-ap-south-1-111122223333";
    details.row.owned.insert(elsewhere.to_owned());
    details.row.owned.insert(format!("bucket/{home}"));
    let federated = format!("testuser@mydomain.com SAML s3://{home}/user/federated/{id}/");
    assert_eq!(told(&details)[3], federated);
}
