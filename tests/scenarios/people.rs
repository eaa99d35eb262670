//! Who may use what: users of the user pool, entitlements, applications of Elastic fleets.

mod entitlements;
mod refused;
mod users;

use serde_json::{Value, json};
use streamkeeper_tests::World;

/// The names on a stack, in order, as an administrator lists them.
fn users_of(world: &World, stack: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut input = json!({"StackName": stack});
    loop {
        let answer = world.admin("DescribeUserStackAssociations", input.clone());
        let pairs = answer["UserStackAssociations"].as_array();
        let users = pairs.into_iter().flatten();
        names.extend(users.filter_map(|pair| pair["UserName"].as_str().map(str::to_owned)));
        match answer["NextToken"].as_str() {
            Some(token) => input["NextToken"] = json!(token),
            None => break,
        }
    }
    names.sort();
    names
}

/// The accounts of the user pool, as an administrator lists them: names, and whether they may sign
/// in.
fn accounts(world: &World) -> Vec<(String, bool)> {
    let mut accounts = Vec::new();
    let mut input = json!({"AuthenticationType": "USERPOOL"});
    loop {
        let answer = world.admin("DescribeUsers", input.clone());
        for user in answer["Users"].as_array().into_iter().flatten() {
            let name = user["UserName"].as_str().unwrap_or_default().to_owned();
            accounts.push((name, user["Enabled"] == json!(true)));
        }
        match answer["NextToken"].as_str() {
            Some(token) => input["NextToken"] = json!(token),
            None => break,
        }
    }
    accounts.sort();
    accounts
}

/// Changes a row's spec.
async fn edit(world: &World, spec: &Value) {
    sqlx::query("UPDATE streamkeeper.environments SET spec = $1 WHERE name = 'cfd'")
        .bind(spec)
        .execute(&world.database.pool)
        .await
        .unwrap();
}
