//! A call that was lost, before or after AWS took it, or refused for a moment.

use streamkeeper_simulator::{Face, Fault};

use super::stories::Story;
use super::{Trouble, calls, survive};

/// The fewest mutating calls that all stories make; fewer means that the harness no longer sees
/// them.
const FEWEST_CALLS: usize = 42;

/// Everything that can become of one call.
fn faults() -> Vec<Fault> {
    let lost = Face::ALL.into_iter();
    let mut faults: Vec<Fault> = lost
        .flat_map(|face| [Fault::LostBefore(face), Fault::LostAfter(face)])
        .collect();
    faults.extend([
        Fault::refuse("ConcurrentModificationException", "try again"),
        Fault::refuse("ThrottlingException", "Rate exceeded"),
        // A 5xx with words is as little an answer as one without.
        Fault::Refuse {
            code: "InternalServiceException".to_owned(),
            message: "something went wrong".to_owned(),
            status: 500,
        },
    ]);
    faults
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_can_be_lost_or_refused_and_it_ends_the_same() {
    let faults = faults();
    let (mut boundaries, mut lives) = (0, 0);
    for story in Story::ALL {
        let lived = survive(story, false, |reference| {
            let each = |nth| {
                faults
                    .iter()
                    .map(move |fault| Trouble::Call(nth, fault.clone()))
            };
            calls(reference).flat_map(each).collect()
        })
        .await;
        println!("{story:?}: {} calls, {lived} lives", lived / faults.len());
        lives += lived;
        boundaries += lived / faults.len();
    }
    println!("{boundaries} mutating calls, {lives} lives: one end each");
    assert!(
        boundaries >= FEWEST_CALLS,
        "only {boundaries} mutating calls"
    );
}
