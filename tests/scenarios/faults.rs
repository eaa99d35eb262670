//! Whatever goes wrong at whichever call or commit, it ends as if nothing had gone wrong.
//!
//! Nothing is written down twice: each story is first lived without trouble and listened to, and
//! every mutating call and every commit it makes is a boundary. Then it is lived again, once for
//! each boundary and each trouble.

mod answers;
mod connections;
mod deaths;
mod pairs;
mod reads;
mod stories;

use std::collections::BTreeMap;
use std::sync::Arc;

use streamkeeper_simulator::{Fault, Matcher};
use streamkeeper_tests::{Death, End, Moment, World, brisk, differences};
use tokio::task::JoinSet;

use self::reads::Lie;
use self::stories::Story;

/// Worlds that are lived side by side.
const SIDE_BY_SIDE: usize = 4;

/// Calls that take something away from somebody; our own tags are nobody's loss.
const TAKING: [&str; 3] = ["Delete", "Stop", "Disassociate"];

/// What goes wrong, and at which boundary, counted from 1.
#[derive(Debug, Clone)]
enum Trouble {
    /// With a mutating call.
    Call(u64, Fault),
    /// The daemon dies at a mutating call.
    Death(u64, Death),
    /// The daemon dies at a commit.
    DeathAtCommit(usize, Moment),
    /// The connection is cut at a commit, and the daemon lives.
    Cut(usize, Moment),
    /// What AWS answers to reads is wrong for a while.
    Lies(Lie),
}

impl Trouble {
    /// Has it happen from now on.
    fn begin(&self, world: &World) {
        match self {
            Self::Call(nth, fault) => {
                let nth_of_ours = Matcher::mutating().caller(world.daemon_arn()).nth(*nth);
                world.simulator.faults().add(nth_of_ours, fault.clone());
            }
            Self::Death(nth, death) => world.kill_at_call(*nth, *death),
            Self::DeathAtCommit(nth, moment) => {
                world.kill_at_commit(number(world, *nth, *moment), *moment);
            }
            Self::Cut(nth, moment) => {
                let number = number(world, *nth, *moment);
                let proxy = world.proxy.as_ref().unwrap();
                proxy.at_commit(number, *moment, streamkeeper_tests::Fault::Cut);
            }
            Self::Lies(lie) => lie.begin(world),
        }
    }

    /// Whether everything happens through a proxy before PostgreSQL.
    const fn needs_proxy(&self) -> bool {
        matches!(self, Self::DeathAtCommit(..) | Self::Cut(..))
    }

    /// How many calls may be made once more than without trouble: one whose execution nobody saw.
    const fn repeats(&self) -> usize {
        match self {
            Self::Call(_, Fault::LostAfter(_))
            | Self::Death(..)
            | Self::DeathAtCommit(..)
            | Self::Cut(..) => 1,
            Self::Call(..) => 0,
            Self::Lies(_) => reads::REPEATS,
        }
    }

    /// Whether calls that take something away may be among them.
    const fn takes_twice(&self) -> bool {
        !matches!(self, Self::Lies(_))
    }

    /// Whether the drift ledger ends the same. What AWS answers wrongly is written down as it was
    /// answered.
    const fn keeps_the_ledger(&self) -> bool {
        !matches!(self, Self::Lies(_))
    }
}

/// What a story came to.
struct Lived {
    end: End,
    /// The daemon's calls that AWS executed, sorted.
    changes: Vec<String>,
    commits: usize,
    /// Whether every trouble struck.
    spent: bool,
}

/// Lives a story with troubles in it; gives the world back, emptied.
async fn live(mut world: World, story: Story, troubles: &[Trouble], proxy: bool) -> (Lived, World) {
    story.prepare(&mut world).await;
    if proxy {
        world.through_proxy().await;
        world.settle().await;
    }
    let (calls, commits_before) = (world.changes().len(), commits(&world));
    for trouble in troubles {
        trouble.begin(&world);
    }
    story.happen(&mut world).await;
    let spent = world.is_spent();
    // Of two the second may wait for a call that the first one saved.
    assert!(
        spent || troubles.len() > 1,
        "{story:?} ends before {troubles:?} strikes"
    );
    let mut changes = world.changes().split_off(calls);
    changes.sort();
    let commits = commits(&world) - commits_before;
    let end = world.end().await;
    world.assert_quiet().await;
    assert_eq!(world.simulator.sessions_cut(), 0);
    let lived = Lived {
        end,
        changes,
        commits,
        spent,
    };
    (lived, world.again(brisk()).await)
}

fn commits(world: &World) -> usize {
    world
        .proxy
        .as_ref()
        .map_or(0, |proxy| proxy.commits().len())
}

/// The proxy's number of the n-th commit from now on.
fn number(world: &World, nth: usize, moment: Moment) -> usize {
    let proxy = world.proxy.as_ref().unwrap();
    let past = match moment {
        Moment::Before => proxy.commit_requests(),
        Moment::Unheard | Moment::Heard => proxy.commits().len(),
    };
    past + nth
}

/// Lives a story once for each trouble and demands the end it has without; how often.
async fn survive(story: Story, proxy: bool, troubles: impl Fn(&Lived) -> Vec<Trouble>) -> usize {
    let each = |reference: &Lived| {
        let troubles = troubles(reference).into_iter();
        troubles.map(|trouble| vec![trouble]).collect()
    };
    survive_together(story, proxy, each).await
}

/// The same with several troubles in one life; how many lives all of them struck.
async fn survive_together(
    story: Story,
    proxy: bool,
    troubles: impl Fn(&Lived) -> Vec<Vec<Trouble>>,
) -> usize {
    let (reference, world) = live(World::brisk().await, story, &[], proxy).await;
    let troubles = troubles(&reference);
    let mut struck = 0;
    let reference = Arc::new(reference);
    let mut idle = vec![world];
    let mut running = JoinSet::new();
    for troubles in troubles {
        assert!(
            troubles
                .iter()
                .all(|trouble| trouble.needs_proxy() == proxy)
        );
        if running.len() == SIDE_BY_SIDE {
            let (spent, world) = running.join_next().await.unwrap().unwrap();
            struck += usize::from(spent);
            idle.push(world);
        }
        let world = match idle.pop() {
            Some(world) => world,
            None => World::brisk().await,
        };
        let reference = Arc::clone(&reference);
        running.spawn(async move {
            let (lived, world) = live(world, story, &troubles, proxy).await;
            compare(story, &troubles, &reference, &lived);
            (lived.spent, world)
        });
    }
    while let Some(lived) = running.join_next().await {
        struck += usize::from(lived.unwrap().0);
    }
    struck
}

fn compare(story: Story, troubles: &[Trouble], reference: &Lived, lived: &Lived) {
    let mut end = lived.end.clone();
    if !troubles.iter().all(Trouble::keeps_the_ledger) {
        end.clone_from(&reference.end);
        let rest = lived
            .end
            .iter()
            .filter(|(part, _)| !part.contains(".drift"));
        end.extend(rest.map(|(part, text)| (part.clone(), text.clone())));
    }
    let different = differences(&reference.end, &end);
    assert!(
        different.is_empty(),
        "{story:?} with {troubles:?}:\n{}",
        different.join("\n")
    );
    let (expected, made) = (counts(&reference.changes), counts(&lived.changes));
    let takes_twice = troubles.iter().any(Trouble::takes_twice);
    let mut repeats = 0;
    for (change, made) in &made {
        let expected = expected.get(change).copied().unwrap_or(0);
        let more = made.saturating_sub(expected);
        repeats += more;
        let taken = TAKING.iter().any(|call| change.starts_with(call));
        assert!(
            more == 0 || !change.starts_with("Create") && (takes_twice || !taken),
            "{story:?} with {troubles:?} makes {change} {made} times"
        );
    }
    assert!(
        repeats <= troubles.iter().map(Trouble::repeats).sum(),
        "{story:?} with {troubles:?} calls too often: {:?} instead of {:?}",
        lived.changes,
        reference.changes
    );
}

fn counts(changes: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for change in changes {
        *counts.entry(change.as_str()).or_default() += 1;
    }
    counts
}

/// Every call of a story.
fn calls(lived: &Lived) -> std::ops::RangeInclusive<u64> {
    1..=u64::try_from(lived.changes.len()).unwrap()
}
