//! Knows who refers to whom in a scope, from its rows alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use streamkeeper_core::cloud::Cloud;
use streamkeeper_core::environment::Environment;
use streamkeeper_core::neighbours::{FleetReference, Named, Neighbours, Referrer, follow};
use streamkeeper_state::{EnvironmentRow, StoreError};
use uuid::Uuid;

use super::Keeper;

/// Who refers to whom in a scope. Empty, and costing nothing, where nobody does.
#[derive(Debug, Default)]
pub(crate) struct Neighbourhood<'a> {
    account: &'a str,
    /// Rows by name.
    rows: BTreeMap<&'a str, &'a EnvironmentRow>,
    /// Rows that refer to a name.
    referrers: BTreeMap<&'a str, Vec<Referrer>>,
    /// Scopes of rows that are not in this one, by name.
    elsewhere: BTreeMap<String, String>,
}

impl<'a> Neighbourhood<'a> {
    /// Of the rows of a scope. A row that cannot be read counts too: it may be right by its own
    /// daemon's lights.
    fn of(rows: &'a [EnvironmentRow], account: &'a str) -> Self {
        let mut referrers: BTreeMap<&str, Vec<Referrer>> = BTreeMap::new();
        for row in rows {
            let Some(to) = row.spec.get("fleetRef").and_then(Value::as_str) else {
                continue;
            };
            let stack = row.spec.pointer("/stack/name").and_then(Value::as_str);
            referrers.entry(to).or_default().push(Referrer {
                environment: row.name.clone(),
                uid: row.uid,
                stack: stack.unwrap_or(&row.name).to_owned(),
                is_leaving: row.deletion_requested_at.is_some(),
            });
        }
        let rows = if referrers.is_empty() {
            BTreeMap::new()
        } else {
            rows.iter().map(|row| (row.name.as_str(), row)).collect()
        };
        Self {
            account,
            rows,
            referrers,
            elsewhere: BTreeMap::new(),
        }
    }

    /// Names that are referred to and that no row of the scope has.
    fn strangers(&self) -> Vec<String> {
        let names = self.referrers.keys();
        names
            .filter(|name| !self.rows.contains_key(*name))
            .map(|name| (*name).to_owned())
            .collect()
    }

    /// The neighbours of one environment.
    pub(crate) fn of_environment(&self, environment: &Environment) -> Neighbours {
        Neighbours {
            reference: self.reference(environment),
            referrers: self
                .referrers
                .get(environment.name.as_str())
                .into_iter()
                .flatten()
                .filter(|referrer| referrer.uid != environment.uid)
                .cloned()
                .collect(),
        }
    }

    fn reference(&self, environment: &Environment) -> FleetReference {
        let Some(name) = environment.fleet_ref() else {
            return FleetReference::None;
        };
        let Some(row) = self.rows.get(name) else {
            let elsewhere = self.elsewhere.get(name);
            let named = elsewhere.map_or(Named::Nothing, |scope| Named::Elsewhere(scope));
            return follow(environment, named);
        };
        match row.desired(self.account) {
            Ok(other) => follow(environment, Named::Environment(&other)),
            Err(_) => follow(environment, Named::Unreadable),
        }
    }
}

/// The identities of an environment's neighbours, who look again when it has changed something.
pub(crate) fn partners(neighbours: &Neighbours) -> BTreeSet<Uuid> {
    let referrers = neighbours.referrers.iter().map(|referrer| referrer.uid);
    let referred = match &neighbours.reference {
        FleetReference::Fleet(referred) => Some(referred.uid),
        FleetReference::None | FleetReference::Missing(_) | FleetReference::Wrong(_) => None,
    };
    referrers.chain(referred).collect()
}

impl<C: Cloud + std::fmt::Debug> Keeper<C> {
    /// Who refers to whom among these rows.
    pub(super) async fn neighbourhood<'a>(
        &self,
        rows: &'a [EnvironmentRow],
        account: &'a str,
    ) -> Result<Neighbourhood<'a>, StoreError> {
        let mut neighbourhood = Neighbourhood::of(rows, account);
        let strangers = neighbourhood.strangers();
        if !strangers.is_empty() {
            let scope = self.shared.lease.fence().scope_id;
            neighbourhood.elsewhere = self.shared.store.find_scopes(scope, &strangers).await?;
        }
        Ok(neighbourhood)
    }
}
