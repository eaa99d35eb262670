//! AWS answers reads with what was: stale, with items missing, with empty lists.
//!
//! It lasts a minute, which is what other tools budget for AppStream's read-after-write delay at
//! the least, and begins with the story. What it must not cause is a creation, or a call that takes
//! something away.

use std::time::Duration;

use streamkeeper_simulator::{Fault, Matcher, Service};
use streamkeeper_tests::World;

use super::stories::Story;
use super::{Trouble, survive};

/// How long AWS lies.
const LASTS: Duration = Duration::from_secs(60);

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

const LIES: [Lie; 7] = [
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
