//! A daemon that dies: before a call, after it, and at every commit.

use streamkeeper_tests::{Death, Moment};

use super::stories::Story;
use super::{Trouble, calls, survive};

const FEWEST_CALLS: usize = 42;
const FEWEST_COMMITS: usize = 180;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_daemon_can_die_at_every_call_and_it_ends_the_same() {
    let mut boundaries = 0;
    for story in Story::ALL {
        let lived = survive(story, false, |reference| {
            let moments = [Death::BeforeCall, Death::AfterCall];
            let each = |nth| moments.map(|death| Trouble::Death(nth, death));
            calls(reference).flat_map(each).collect()
        })
        .await;
        println!("{story:?}: {} calls, {lived} deaths", lived / 2);
        boundaries += lived / 2;
    }
    assert!(
        boundaries >= FEWEST_CALLS,
        "only {boundaries} mutating calls"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_daemon_can_die_at_every_commit_and_it_ends_the_same() {
    let mut boundaries = 0;
    for story in Story::ALL {
        let lived = survive(story, true, |reference| {
            let each = |nth| Trouble::DeathAtCommit(nth, Moment::Unheard);
            (1..=reference.commits).map(each).collect()
        })
        .await;
        println!("{story:?}: {lived} commits and as many deaths");
        boundaries += lived;
    }
    assert!(boundaries >= FEWEST_COMMITS, "only {boundaries} commits");
}
