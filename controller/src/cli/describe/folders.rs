//! Says where in the home bucket the files of a row's people are.

use std::collections::BTreeSet;

use serde_json::Value;
use streamkeeper_core::folder::{self, AuthenticationType, HOME_BUCKET};
use streamkeeper_state::EnvironmentRow;

use crate::cli::table::{Cell, Table};

/// How somebody signs in, for people.
const fn way_in(authentication: AuthenticationType) -> &'static str {
    match authentication {
        AuthenticationType::Api => "streaming URL",
        AuthenticationType::Saml => "SAML",
        AuthenticationType::UserPool => "user pool",
    }
}

/// The folders of everybody the row names; `None` when it names nobody.
///
/// The bucket's name cannot be computed. It is known once the environment keeps statements in the
/// bucket's policy; until then the folders in it are.
pub(super) fn folders(row: &EnvironmentRow) -> Option<Table> {
    // A home bucket is of one region, which its name says.
    let here = format!("{HOME_BUCKET}{}-", row.region);
    let bucket = row
        .owned
        .iter()
        .filter_map(|object| object.strip_prefix("bucket/"))
        .find(|bucket| bucket.starts_with(&here));
    let mut table = Table::new(["USER", "COMES BY", "FOLDER"]);
    let people = people(&row.spec);
    for (user, authentication) in &people {
        let folder = match bucket {
            Some(bucket) => folder::uri(bucket, *authentication, user),
            None => format!(
                "{} (home bucket not known yet)",
                folder::key_prefix(*authentication, user)
            ),
        };
        table.row(vec![
            Cell::new(*user),
            way_in(*authentication).into(),
            Cell::new(folder),
        ]);
    }
    (!people.is_empty()).then_some(table)
}

/// Everybody the spec names, each with how they may come. Of a cluster's users it says no more
/// than the name, which is that of a streaming URL or of SAML.
fn people(spec: &Value) -> BTreeSet<(&str, AuthenticationType)> {
    let pool = list(&spec["users"])
        .filter_map(|user| user["userName"].as_str())
        .map(|user| (user, AuthenticationType::UserPool));
    let of_clusters = list(&spec["clusters"])
        .flat_map(|cluster| list(&cluster["users"]))
        .filter_map(Value::as_str)
        .flat_map(|user| {
            [AuthenticationType::Api, AuthenticationType::Saml].map(|way| (user, way))
        });
    pool.chain(of_clusters).collect()
}

/// What a list has; nothing when it is none.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
