//! Renders the script that makes an image on an image builder.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::spec::{Application, Recipe};

const TEMPLATE: &str = include_str!("script.ps1");

/// A complete PowerShell script that makes the image of this name.
///
/// # Guarantees
///
/// Nothing of the recipe is read as PowerShell: it stands in a literal here-string, as JSON, whose
/// lines never begin with what would end it. The script is plain ASCII, because Windows PowerShell
/// takes a file without a byte order mark for the machine's code page.
#[must_use]
pub fn powershell(recipe: &Recipe, image_name: &str) -> String {
    let document = serde_json::to_string_pretty(&document(recipe, image_name))
        .expect("a recipe is maps, lists and texts");
    TEMPLATE
        .replace("{{NAME}}", image_name)
        .replace("{{RECIPE}}", &ascii(&document))
}

/// The recipe with every key there: under strict mode a key that is not there is an error.
fn document(recipe: &Recipe, image_name: &str) -> Value {
    let Recipe {
        python,
        parallel_cluster,
        node,
        tools,
        applications,
        files,
        environment,
    } = recipe;
    let tools: Vec<Value> = tools
        .iter()
        .map(|tool| {
            json!({
                "name": tool.name,
                "installer": tool.installer,
                "arguments": tool.arguments,
                "installs": tool.installs,
            })
        })
        .collect();
    // A list, because PowerShell ignores the case of an object's keys.
    let environment: Vec<Value> = environment
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    json!({
        "imageName": image_name,
        "python": python,
        "parallelCluster": parallel_cluster,
        "node": node,
        "tools": tools,
        "applications": applications.iter().map(application).collect::<Vec<Value>>(),
        "files": files,
        "environment": environment,
    })
}

fn application(application: &Application) -> Value {
    let Application {
        name,
        display_name,
        path,
        working_directory,
        launch_parameters,
    } = application;
    json!({
        "name": name,
        "displayName": display_name,
        "path": path,
        "workingDirectory": working_directory,
        "launchParameters": launch_parameters,
    })
}

/// JSON with everything beyond ASCII escaped, as UTF-16 does it.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests;
