//! `image-script` prints what makes the image, for environments that have one to make.

use serde_json::Value;

use super::Desk;
use crate::lifecycle::imaging::{built, image_of};

fn document(name: &str, spec: &Value) -> String {
    format!(
        "apiVersion: streamkeeper.dev/v1\nkind: Environment\nmetadata: {{name: {name}}}\n\
         region: eu-west-1\nspec: {spec}\n"
    )
}

#[tokio::test]
async fn the_script_makes_the_image_that_the_daemon_waits_for() {
    let desk = Desk::furnished().await;
    let spec = built("3.12.10");
    desk.apply(&document("built", &spec)).succeeds();
    let script = desk.run(&["image-script", "built"]).succeeds();
    assert!(script.starts_with("#Requires"), "{script}");
    let named = format!("\"imageName\": \"{}\"", image_of(&spec));
    assert!(script.contains(&named), "{script}");

    let error = desk.run(&["image-script", "cfd"]).fails(1);
    assert_eq!(
        error,
        "error: environment \"cfd\" has no image that is made from a recipe\n\
         hint: spec.image.build declares one\n"
    );
    let error = desk.run(&["image-script", "buil"]).fails(1);
    assert!(error.contains("did you mean \"built\"?"), "{error}");
}

#[tokio::test]
async fn a_recipe_that_could_not_be_carried_out_is_refused_at_the_row() {
    let desk = Desk::create().await;
    for (pointer, value, path) in [
        ("/base", r#"{}"#, "spec.image.build.base"),
        (
            "/namePrefix",
            r#""Amazon-x""#,
            "spec.image.build.namePrefix",
        ),
        (
            "/recipe/python/folder",
            r#""python""#,
            "spec.image.build.recipe.python.folder",
        ),
        (
            "/recipe/python/installer/url",
            r#""http://www.python.org/python.exe""#,
            "spec.image.build.recipe.python.installer.url",
        ),
        (
            "/recipe/node/installer/sha256",
            r#""abc""#,
            "spec.image.build.recipe.node.installer.sha256",
        ),
        (
            "/recipe/applications",
            "[]",
            "spec.image.build.recipe.applications",
        ),
        (
            "/recipe/applications/0/name",
            r#""my cmd""#,
            "spec.image.build.recipe.applications[0].name",
        ),
        (
            "/recipe/environment",
            r#"{"AWS_SECRET_ACCESS_KEY": "x"}"#,
            "spec.image.build.recipe.environment",
        ),
        (
            "/recipe/environment",
            r#"{"Path": "x"}"#,
            "spec.image.build.recipe.environment",
        ),
    ] {
        let mut spec = built("3.12.10");
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let build = &mut spec["image"]["build"];
        let parent = build.pointer_mut(parent).unwrap();
        parent[key] = serde_json::from_str(value).unwrap();
        let error = desk.apply(&document("built", &spec)).fails(1);
        assert!(error.contains(path), "{pointer}: {error}");
    }
}
