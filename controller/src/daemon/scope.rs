//! Keeps one leased scope: resolves the account, runs rounds, gives the lease back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use streamkeeper_aws::{AwsCloud, AwsConfig};
use streamkeeper_core::environment::Scope;
use streamkeeper_state::{Lease, ScopeRow, Store};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Steward;
use super::access::{self, Access, Unsaid, Ways};
use crate::clock::Clock;
use crate::keeper::{Keeper, Parts, Settings};
use crate::lease::HeldLease;
use crate::metrics::Metrics;
use crate::telemetry::Chain;

/// After a failed round the next one waits this long, and twice as long after each further
/// failure.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// No pause is longer than this: a database that is back is noticed soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long an identity is believed before STS is asked again.
const IDENTITY_AGE: Duration = Duration::from_secs(300);

/// How soon STS is asked again when its last answer was no: somebody is putting it right.
const REFUSED_AGE: Duration = Duration::from_secs(15);

/// A scope that this daemon keeps.
pub(super) struct Kept {
    task: JoinHandle<()>,
}

impl Kept {
    /// Begins to keep a scope whose lease was just taken.
    pub(super) fn begin(
        steward: &Steward,
        scope: ScopeRow,
        lease: Lease,
        asked_at: Instant,
    ) -> Self {
        let keeping = Keeping {
            store: steward.store.clone(),
            aws: steward.aws.clone(),
            clock: Arc::clone(&steward.clock),
            settings: steward.settings,
            metrics: Arc::clone(&steward.metrics),
            draining: steward.lifecycle.draining().clone(),
            lease: HeldLease::new(lease, asked_at, steward.lease_duration),
            lease_duration: steward.lease_duration,
            scope,
        };
        let wakes = steward.announce.subscribe();
        Self {
            task: steward.lifecycle.spawn_finite(keeping.run(wakes)),
        }
    }

    /// Whether it is no longer kept.
    pub(super) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Waits until it is no longer kept.
    pub(super) async fn ended(self) {
        // A keeper that panicked gives its lease up by not renewing it.
        drop(self.task.await);
    }
}

struct Keeping {
    store: Store,
    aws: AwsConfig,
    clock: Arc<dyn Clock>,
    settings: Settings,
    metrics: Arc<Metrics>,
    draining: CancellationToken,
    lease: HeldLease,
    lease_duration: Duration,
    scope: ScopeRow,
}

impl Keeping {
    async fn run(self, wakes: broadcast::Receiver<String>) {
        tracing::debug!(scope.region = self.scope.region, "keeping a scope");
        let stop = CancellationToken::new();
        let renewing = self.lease.renew(&self.store, self.lease_duration, &stop);
        let keeping = async {
            self.keep(wakes).await;
            stop.cancel();
        };
        tokio::join!(renewing, keeping);
        if !self.lease.lost().is_cancelled()
            && let Err(error) = self.store.release_lease(self.lease.fence()).await
        {
            tracing::debug!(error = %Chain(&error), "the lease could not be given back");
        }
    }

    /// Runs rounds until the lease is lost or nothing new may begin.
    async fn keep(&self, mut wakes: broadcast::Receiver<String>) {
        let mut pause = FIRST_PAUSE;
        let mut current: Option<Current> = None;
        let mut identified_at = crate::lease::now();
        let mut identity_age = IDENTITY_AGE;
        let ways = Ways::new(&self.aws, &self.scope);
        let mut known_changes = ways.changes();
        while !self.is_over() {
            // Renewed or refused credentials may be somebody else's.
            let stale = identified_at.elapsed() >= identity_age || ways.changes() != known_changes;
            if current.is_none() || stale {
                let asked_at = crate::lease::now();
                let access = tokio::select! {
                    access = self.access(&ways) => access,
                    () = self.over() => return,
                };
                known_changes = ways.changes();
                match access {
                    Some(access) => {
                        let refused = access.refused.is_some();
                        identity_age = if refused { REFUSED_AGE } else { IDENTITY_AGE };
                        self.identify(&mut current, access, &ways);
                    }
                    None => {
                        if self.rest(pause).await {
                            return;
                        }
                        pause = (pause * 2).min(LONGEST_PAUSE);
                        continue;
                    }
                }
                identified_at = asked_at;
            }
            let Some(Current { keeper, .. }) = current.as_mut() else {
                continue;
            };
            match keeper.round().await {
                Ok(round) => {
                    pause = FIRST_PAUSE;
                    if round.swept {
                        self.metrics.sweep();
                    }
                    let wait = (round.next_wake - self.clock.now())
                        .to_std()
                        .unwrap_or_default();
                    let until_stale = identity_age.saturating_sub(identified_at.elapsed());
                    if self.until_woken(&mut wakes, wait.min(until_stale)).await {
                        return;
                    }
                }
                Err(error) if error.is_lease_lost() => {
                    self.metrics.fenced();
                    self.lease.give_up();
                    return;
                }
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "a round failed");
                    if self.rest(pause).await {
                        return;
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn is_over(&self) -> bool {
        self.draining.is_cancelled() || self.lease.lost().is_cancelled()
    }

    /// Waits until it is over.
    async fn over(&self) {
        tokio::select! {
            () = self.draining.cancelled() => {}
            () = self.lease.lost().cancelled() => {}
        }
    }

    /// Waits; whether it is over.
    async fn rest(&self, pause: Duration) -> bool {
        tokio::select! {
            () = self.over() => true,
            () = tokio::time::sleep(pause) => false,
        }
    }

    /// Waits until something is due or a row of this scope changed; whether it is over.
    async fn until_woken(&self, wakes: &mut broadcast::Receiver<String>, wait: Duration) -> bool {
        let timer = tokio::time::sleep(wait);
        tokio::pin!(timer);
        loop {
            tokio::select! {
                () = self.draining.cancelled() => return true,
                () = self.lease.lost().cancelled() => return true,
                () = &mut timer => {
                    self.metrics.wakeup("due");
                    return false;
                }
                woken = wakes.recv() => {
                    // A keeper that fell behind does not know for whom the missed ones were.
                    let mine = woken.map_or(true, |payload| self.concerns(&payload));
                    if mine {
                        self.metrics.wakeup("notify");
                        return false;
                    }
                }
            }
        }
    }

    /// Whether an announcement may be about this scope. An empty one may be about any.
    fn concerns(&self, payload: &str) -> bool {
        payload
            .rsplit('/')
            .next()
            .is_none_or(|region| region.is_empty() || region == self.scope.region)
    }

    /// Who we are in this scope's account, and what that means; `None` when nobody says.
    async fn access(&self, ways: &Ways) -> Option<Access> {
        match access::ask(ways, &self.scope, &self.store).await {
            Ok(access) => Some(access),
            Err(Unsaid(why)) => {
                tracing::warn!(
                    scope.region = self.scope.region,
                    "nothing is touched: {why}"
                );
                None
            }
        }
    }

    fn identify(&self, current: &mut Option<Current>, access: Access, ways: &Ways) {
        let Access {
            account,
            caller_arn,
            refused,
            foreign,
        } = access;
        match current {
            // With other credentials it is another keeper: this one's cloud has the old ones.
            Some(current) if current.foreign == foreign && current.keeper.account() == account => {
                current.keeper.identify(&caller_arn, refused);
            }
            Some(_) | None => {
                let keeper = Keeper::new(Parts {
                    store: self.store.clone(),
                    cloud: ways.config(foreign).cloud(&self.scope.region, &account),
                    clock: Arc::clone(&self.clock),
                    lease: self.lease.clone(),
                    scope: Scope {
                        account,
                        region: self.scope.region.clone(),
                    },
                    caller_arn,
                    refused,
                    metrics: Arc::clone(&self.metrics),
                    draining: self.draining.clone(),
                    settings: self.settings,
                });
                *current = Some(Current { keeper, foreign });
            }
        }
    }
}

/// The keeper, and whether its cloud has the credentials of a role.
struct Current {
    keeper: Keeper<AwsCloud>,
    foreign: bool,
}
