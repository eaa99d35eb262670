//! AWS answers reads with what was: stale, with items missing, with empty lists.
//!
//! It lasts a minute, which is what other tools budget for AppStream's read-after-write delay at
//! the least, and begins with the story. What it must not cause is a creation, or a call that takes
//! something away.

use std::time::Duration;

use serde_json::json;
use streamkeeper_simulator::{Fault, Matcher, Quotas, Service};
use streamkeeper_tests::World;

use super::stories::Story;
use super::{Trouble, survive};
use crate::lifecycle::CONVERGED;

/// How long AWS lies.
const LASTS: Duration = Duration::from_secs(60);

const HOUR: Duration = Duration::from_secs(3600);

/// A change whose effect is not seen is made again, at each look while the lie lasts.
pub(super) const REPEATS: usize = 8;

/// A way to be wrong.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lie {
    /// Every read answers with the world as it was so many mutations ago.
    Stale(usize),
    /// Every list is empty, with success.
    Empty,
    /// Lists leave out the fleet and the stack.
    Omitted,
}

pub(super) const LIES: [Lie; 7] = [
    Lie::Stale(1),
    Lie::Stale(2),
    Lie::Stale(3),
    Lie::Stale(4),
    Lie::Stale(5),
    Lie::Empty,
    Lie::Omitted,
];

impl Lie {
    /// Lets AWS lie from now on, to the daemon only.
    pub(super) fn begin(self, world: &World) {
        let until = world.simulator.clock().now() + LASTS;
        let reading = || {
            Matcher::reading()
                .caller(world.daemon_arn())
                .always()
                .until(until)
        };
        let faults = world.simulator.faults();
        match self {
            Self::Stale(mutations) => {
                for service in [Service::AppStream, Service::Tagging, Service::S3] {
                    faults.add(reading().service(service), Fault::Stale(mutations));
                }
            }
            Self::Empty => {
                for service in [Service::AppStream, Service::Tagging] {
                    faults.add(reading().service(service), Fault::EmptyPage);
                }
            }
            Self::Omitted => {
                for service in [Service::AppStream, Service::Tagging] {
                    faults.add(
                        reading().service(service),
                        Fault::OmitItem("cfd".to_owned()),
                    );
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_answers_to_reads_create_nothing_and_take_nothing() {
    let mut lives = 0;
    for story in Story::ALL {
        lives += survive(story, false, |_| LIES.map(Trouble::Lies).to_vec()).await;
    }
    println!("{lives} lives with wrong answers: one end each");
    assert_eq!(lives, LIES.len() * Story::ALL.len());
}

#[tokio::test]
async fn an_account_that_seems_empty_is_not_filled_again() {
    let mut world = World::brisk().await;
    for number in 0..8 {
        world
            .insert(&format!("e{number}"), &json!({"stack": {}}))
            .await;
    }
    world.settle().await;
    let before = world.changes();
    let end = world.simulator.clock().now() + HOUR;
    for service in [Service::AppStream, Service::Tagging] {
        let reading = Matcher::reading()
            .service(service)
            .caller(world.daemon_arn());
        let faults = world.simulator.faults();
        faults.add(reading.always().until(end), Fault::EmptyPage);
    }
    world.run_for(HOUR).await;
    assert_eq!(world.changes(), before);
    let ready = world.ready("e0").await;
    assert!(ready.starts_with("Unknown NotObserved: "), "{ready}");
    world.settle().await;
    assert_eq!(world.ready("e0").await, CONVERGED);
    assert_eq!(world.changes(), before);
    world.assert_quiet().await;
}

#[tokio::test]
async fn what_was_never_made_is_not_missing() {
    let mut world = World::with(streamkeeper_simulator::Config {
        quotas: Quotas {
            stacks: 0,
            ..Quotas::aws_defaults()
        },
        ..streamkeeper_tests::brisk()
    })
    .await;
    for number in 0..8 {
        world
            .insert(&format!("e{number}"), &json!({"stack": {}}))
            .await;
    }
    world.run_for(HOUR).await;
    for number in 0..8 {
        let ready = world.ready(&format!("e{number}")).await;
        assert!(ready.starts_with("False CallRefused: "), "{ready}");
    }
}
