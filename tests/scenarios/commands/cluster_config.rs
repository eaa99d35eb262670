//! `cluster-config` prints exactly what is stored, or why there is nothing.

use serde_json::{Value, json};
use streamkeeper_core::cluster::{ClusterConfig, Place, render};
use streamkeeper_core::environment::Scope;
use streamkeeper_core::folder::AuthenticationType;
use streamkeeper_core::plan::PlanRow;

use super::Desk;

const CLUSTERS: &str = "
apiVersion: streamkeeper.dev/v1
kind: Environment
metadata: {name: cfd}
region: eu-west-1
spec:
  stack: {}
  clusters: [{name: one, access: READ_WRITE}, {name: two, access: READ_ONLY}]
";

fn rendered() -> ClusterConfig {
    let spec = serde_json::from_value(json!({"name": "one", "access": "READ_WRITE"})).unwrap();
    let scope = Scope {
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
    };
    let place = Place {
        environment: "cfd",
        scope: &scope,
        bucket: "shared",
        kms_key: None,
        authentication: AuthenticationType::Api,
    };
    render(&spec, &place).unwrap()
}

#[tokio::test]
async fn it_prints_exactly_what_is_stored_or_why_there_is_nothing() {
    let desk = Desk::create().await;
    desk.apply(CLUSTERS).succeeds();
    let early = desk.run(&["cluster-config", "cfd", "one"]);
    assert!(
        early
            .fails(1)
            .contains("the daemon has not looked at it yet")
    );
    let (store, lease) = desk.keeper().await;
    let made = rendered();
    let mut record = desk.record("cfd", 1).await;
    record.cluster_configs = vec![made.clone()];
    record.plan = Some(vec![PlanRow {
        position: 1,
        action: "-".to_owned(),
        object: "cluster/two".to_owned(),
        reason: "no bucket".to_owned(),
        waiting_for: None,
        since: chrono::DateTime::UNIX_EPOCH,
        disruptive: false,
    }]);
    store.record_pass(&lease, &record).await.unwrap();

    let print = |args: &[&str]| {
        let all: Vec<&str> = [&["cluster-config", "cfd", "one"], args].concat();
        desk.run(&all).succeeds()
    };
    assert_eq!(print(&[]), made.config);
    assert_eq!(print(&["--v2"]), made.version2);
    let policies: Value = serde_json::from_str(&print(&["--policies"])).unwrap();
    assert_eq!(policies, json!(made.policies));

    for (args, why) in [
        (["cfd", "two"], "has no configuration: no bucket"),
        (["cfd", "three"], "the environment's clusters are one, two"),
        (["other", "one"], "\"other\""),
    ] {
        let refused = desk.run(&["cluster-config", args[0], args[1]]).fails(1);
        assert!(refused.contains(why), "{refused}");
    }
}
