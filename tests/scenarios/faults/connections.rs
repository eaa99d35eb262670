//! A commit whose acknowledgement is lost, executed or not, while the daemon lives on.

use streamkeeper_tests::Moment;

use super::stories::Story;
use super::{Trouble, survive};

const FEWEST_COMMITS: usize = 70;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_commit_can_be_cut_off_and_it_ends_the_same() {
    let mut boundaries = 0;
    for story in [Story::Change, Story::Recreate] {
        let lived = survive(story, true, |reference| {
            let moments = [Moment::Before, Moment::Unheard];
            let each = |nth| moments.map(|moment| Trouble::Cut(nth, moment));
            (1..=reference.commits).flat_map(each).collect()
        })
        .await;
        println!("{story:?}: {} commits, {lived} cuts", lived / 2);
        boundaries += lived / 2;
    }
    assert!(boundaries >= FEWEST_COMMITS, "only {boundaries} commits");
}
