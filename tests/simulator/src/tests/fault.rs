//! Faults: executed or not, what the client sees, what the journal says; stale reads; throttling.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Aws, REGION};
use crate::{
    Call, CallOutcome, Caller, Delivery, Face, Fault, JournalEntry, Matcher, Quotas, Rate, Service,
};

fn create(name: &str) -> Call {
    Call::appstream(REGION, "CreateStack", json!({"Name": name}))
}

fn exists(aws: &Aws, name: &str) -> bool {
    aws.call("DescribeStacks", json!({"Names": [name]})).is_ok()
}

fn last(aws: &Aws) -> JournalEntry {
    aws.0.journal().pop().unwrap()
}

fn names(aws: &Aws) -> Vec<String> {
    let answer = aws.ok("DescribeStacks", json!({}));
    let stacks = answer["Stacks"].as_array().unwrap().clone();
    let mut names: Vec<_> = stacks
        .iter()
        .map(|stack| stack["Name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_refused_call_is_not_executed_and_says_so() {
    let aws = Aws::new();
    let fault = Fault::refuse("ConcurrentModificationException", "try again");
    aws.0.faults().add(Matcher::operation("CreateStack"), fault);
    let exchange = aws.0.exchange(&create("cfd"));
    assert_eq!(exchange.delivery, Delivery::Answer);
    assert_eq!(
        exchange.result.unwrap_err().code,
        "ConcurrentModificationException"
    );
    let entry = last(&aws);
    let refused = CallOutcome::Refused("ConcurrentModificationException".to_owned());
    assert_eq!((entry.outcome, entry.delivered), (refused, true));
    assert!(!exists(&aws, "cfd"));
}

#[test]
fn lost_calls_look_alike_whether_they_were_executed_or_not() {
    for face in Face::ALL {
        let mut views = Vec::new();
        for executed in [false, true] {
            let aws = Aws::new();
            let fault = if executed {
                Fault::LostAfter(face)
            } else {
                Fault::LostBefore(face)
            };
            aws.0.faults().add(Matcher::mutating(), fault);
            views.push(aws.0.call(&create("cfd")).unwrap_err());
            let entry = last(&aws);
            let outcome = if executed {
                CallOutcome::Ok
            } else {
                CallOutcome::NotExecuted
            };
            assert_eq!((entry.outcome.clone(), entry.delivered), (outcome, false));
            assert_eq!(entry.changed(), executed);
            assert_eq!(exists(&aws, "cfd"), executed, "{face:?}");
        }
        assert_eq!(views[0], views[1]);
    }
}

#[test]
fn a_hanging_call_is_executed_and_answered_late() {
    let aws = Aws::new();
    let delay = Duration::from_secs(30);
    aws.0.faults().add(Matcher::mutating(), Fault::Hang(delay));
    let exchange = aws.0.exchange(&create("cfd"));
    assert_eq!(exchange.delivery, Delivery::Delay(delay));
    assert!(exchange.result.is_ok() && exists(&aws, "cfd"));
}

#[test]
fn a_fault_meets_the_call_it_names_and_no_other() {
    let aws = Aws::new();
    let matcher = Matcher::operation("CreateStack").target("b").nth(2);
    aws.0.faults().add(matcher, Fault::refuse("X", ""));
    let code = |name: &str| aws.0.call(&create(name)).err().map(|error| error.code);
    let taken = Some("ResourceAlreadyExistsException".to_owned());
    assert_eq!(code("a"), None);
    assert_eq!(code("b"), None);
    assert!(!aws.0.faults().is_spent());
    assert_eq!(code("b"), Some("X".to_owned()));
    assert_eq!(code("b"), taken);
    assert!(aws.0.faults().is_spent());
    assert_eq!(aws.0.faults().fired(), 1);
}

#[test]
fn a_fault_can_last_and_be_taken_back() {
    let aws = Aws::new();
    let now = aws.0.clock().now();
    let lasting = Matcher::reading()
        .always()
        .until(now + chrono::TimeDelta::seconds(60));
    aws.0.faults().add(lasting, Fault::refuse("X", ""));
    assert!(aws.call("DescribeStacks", json!({})).is_err());
    assert!(aws.call("DescribeStacks", json!({})).is_err());
    aws.0.clock().advance(Duration::from_secs(60));
    assert!(aws.call("DescribeStacks", json!({})).is_ok());
    let id = aws.0.faults().add(
        Matcher::any().service(Service::AppStream),
        Fault::refuse("X", ""),
    );
    assert!(aws.0.faults().remove(id));
    assert!(aws.call("DescribeStacks", json!({})).is_ok());
}

#[test]
fn an_association_is_met_by_either_name() {
    let aws = Aws::instant();
    aws.create_fleet("f", json!({}));
    aws.create_stack("s", json!({}));
    for target in ["fleet/f", "s"] {
        let matcher = Matcher::mutating().target(target);
        aws.0.faults().add(matcher, Fault::refuse("X", ""));
        let error = aws.refused(
            "AssociateFleet",
            json!({"StackName": "s", "FleetName": "f"}),
        );
        assert!(error.starts_with("X"));
    }
    assert_eq!(last(&aws).target, "stack/s,fleet/f");
}

#[test]
fn a_stale_read_answers_from_the_past() {
    let aws = Aws::new();
    let stale = |back: usize| {
        aws.0.faults().add(Matcher::reading(), Fault::Stale(back));
        names(&aws)
    };
    aws.create_stack("a", json!({}));
    aws.create_stack("b", json!({}));
    aws.ok("DeleteStack", json!({"Name": "a"}));
    assert_eq!(names(&aws), ["b"]);
    assert_eq!(stale(1), ["a", "b"]);
    assert_eq!(stale(2), ["a"]);
    assert_eq!(stale(3), Vec::<String>::new());
    assert_eq!(stale(99), Vec::<String>::new());
    assert_eq!(names(&aws), ["b"]);
}

#[test]
fn a_stale_read_tells_states_by_the_clock_of_then() {
    let aws = Aws::new();
    aws.create_fleet("cfd", json!({}));
    aws.ok("StartFleet", json!({"Name": "cfd"}));
    aws.wait(6);
    aws.ok("StopFleet", json!({"Name": "cfd"}));
    aws.wait(60);
    aws.0.faults().add(Matcher::reading(), Fault::Stale(1));
    assert_eq!(aws.state("cfd"), "STARTING");
    assert_eq!(aws.state("cfd"), "STOPPED");
}

#[test]
fn a_refused_change_is_no_step_into_the_past() {
    let aws = Aws::new();
    aws.create_stack("a", json!({}));
    aws.refused("CreateStack", json!({"Name": "a"}));
    aws.0.faults().add(Matcher::reading(), Fault::Stale(1));
    assert_eq!(names(&aws), Vec::<String>::new());
}

#[test]
fn a_list_can_be_empty_or_lack_one_item() {
    let aws = Aws::with(|config| config.page_size = 1);
    aws.create_stack("a", json!({}));
    aws.create_stack("b", json!({}));
    aws.0.faults().add(Matcher::reading(), Fault::EmptyPage);
    assert_eq!(aws.ok("DescribeStacks", json!({})), json!({"Stacks": []}));
    let fault = Fault::OmitItem("a".to_owned());
    aws.0.faults().add(Matcher::reading(), fault);
    let page = aws.ok("DescribeStacks", json!({}));
    assert_eq!(page["Stacks"], json!([]));
    assert!(page.get("NextToken").is_some());
}

#[test]
fn calls_beyond_the_rate_are_throttled_and_written_down() {
    let aws = Aws::with(|config| {
        let mut rate = Rate::per_second(2.0);
        rate.code = Some("RequestLimitExceededException".to_owned());
        config
            .rates
            .per_operation
            .insert("CreateStack".to_owned(), rate);
        config.quotas = Quotas::unlimited();
    });
    let send = |number: i32| aws.0.call(&create(&format!("s{number}")));
    assert!(send(1).is_ok() && send(2).is_ok());
    assert_eq!(send(3).unwrap_err().code, "RequestLimitExceededException");
    assert!(!last(&aws).changed());
    assert!(aws.call("DescribeStacks", json!({})).is_ok());
    aws.0.clock().advance(Duration::from_millis(500));
    assert!(send(3).is_ok());
}

#[test]
fn the_journal_names_every_call_and_its_caller() {
    let aws = Aws::new();
    let admin = Caller::role(super::ACCOUNT, "Admin", "eve");
    aws.0.call(&create("cfd")).unwrap();
    let call = Call::appstream(REGION, "DeleteStack", json!({"Name": "cfd"})).by(admin.clone());
    aws.0.call(&call).unwrap();
    aws.ok("DescribeStacks", json!({"Names": []}));
    let journal = aws.0.journal();
    let told: Vec<_> = journal
        .iter()
        .map(|entry| {
            (
                entry.seq,
                entry.operation.as_str(),
                entry.target.as_str(),
                entry.mutating,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, "CreateStack", "stack/cfd", true),
            (2, "DeleteStack", "stack/cfd", true),
            (3, "DescribeStacks", "", false),
        ]
    );
    assert_eq!(journal[1].caller, admin.arn);
    assert_eq!(aws.0.journal_since(2), journal[2..]);
}

#[test]
fn a_snapshot_has_no_times() {
    let aws = Aws::instant();
    aws.create_fleet("cfd", json!({"Tags": {"a": "1"}}));
    aws.create_stack("cfd", json!({}));
    let before = aws.0.snapshot();
    aws.wait(60);
    assert_eq!(aws.0.snapshot(), before);
    let fleet: &Value = &before["places"]["111122223333/eu-west-1"]["fleets"]["cfd"];
    assert_eq!(fleet["Tags"], json!({"a": "1"}));
}
