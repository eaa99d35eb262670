use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

use serde_json::{Value, json};

use super::powershell;
use crate::spec::{BaseImage, ImageBuild, InstalledFile, Recipe};

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The blog's image: Python in a folder of its own, ParallelCluster, Node.js, `PuTTY`, and a command
/// prompt whose working folder everybody can reach.
fn blog() -> ImageBuild {
    let installer = |url: &str| json!({"url": url, "sha256": HASH});
    let build = json!({
        "namePrefix": "pcluster",
        "base": {"name": "AppStream-WinServer2022-10-01-2026"},
        "recipe": {
            "python": {
                "version": "3.12.10",
                "folder": "C:\\python312",
                "installer": installer("https://www.python.org/ftp/python/3.12.10/python-3.12.10-amd64.exe"),
            },
            "parallelCluster": {"version": "3.16.1"},
            "node": {
                "version": "22.14.0",
                "installer": installer("https://nodejs.org/dist/v22.14.0/node-v22.14.0-x64.msi"),
            },
            "tools": [{
                "name": "PuTTY",
                "installer": installer("https://the.earth.li/~sgtatham/putty/0.83/w64/putty-64bit-0.83-installer.msi"),
                "installs": "C:\\Program Files\\PuTTY\\putty.exe",
            }],
            "applications": [
                {
                    "name": "cmd",
                    "displayName": "Command Prompt",
                    "path": "C:\\Windows\\System32\\cmd.exe",
                    "workingDirectory": "C:\\temp",
                },
                {"name": "PuTTY", "path": "C:\\Program Files\\PuTTY\\putty.exe"},
            ],
            "files": [{
                "path": "C:\\Users\\Default\\.aws\\config",
                "content": "[default]\nregion = eu-west-1\n",
            }],
            "environment": {"AWS_PROFILE": "appstream_machine_role"},
        },
    });
    serde_json::from_value(build).unwrap()
}

fn script(build: &ImageBuild) -> String {
    powershell(&build.recipe, &build.image_name())
}

/// What the script takes for its recipe.
fn embedded(script: &str) -> Value {
    let (_, rest) = script.split_once("-InputObject @'\n").unwrap();
    let (document, _) = rest.split_once("\n'@\n").unwrap();
    serde_json::from_str(document).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the test, not of the program"
)]
#[test]
fn the_blogs_image_is_made_by_this_script() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/image/script/blog.ps1");
    let script = script(&blog());
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &script).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    assert_eq!(
        script, expected,
        "UPDATE_DOCS=1 writes it; read what changed before it is committed"
    );
}

#[test]
fn nothing_that_a_recipe_says_is_read_as_powershell() {
    let nasty = "'@\n$(Remove-Item C:\\ -Recurse)\n@'\n`\"$env:x\"\u{2019}é😀\u{0}\r\n";
    let mut build = blog();
    build.recipe.files = vec![InstalledFile {
        path: "C:\\x".to_owned(),
        content: nasty.to_owned(),
    }];
    build.recipe.environment = BTreeMap::from([("A".to_owned(), nasty.to_owned())]);
    let script = script(&build);
    assert!(script.is_ascii(), "PowerShell would read it in a code page");
    let document = embedded(&script);
    assert_eq!(document["files"][0]["content"], nasty);
    assert_eq!(document["environment"][0]["value"], nasty);
    let plain = super::powershell(&blog().recipe, "x");
    assert_eq!(
        script.matches("'@").count(),
        plain.matches("'@").count() + nasty.matches("'@").count() * 2,
        "only inside JSON's own quotes"
    );
    assert_eq!(
        script.lines().filter(|line| line.starts_with("'@")).count(),
        1
    );
}

#[test]
fn the_name_of_an_image_follows_from_everything_that_makes_it() {
    let name = blog().image_name();
    assert!(name.starts_with("pcluster-"), "{name}");
    assert_eq!(name.len(), "pcluster-".len() + 8);

    let mut other_base = blog();
    other_base.base = BaseImage {
        name: Some("AppStream-WinServer2022-11-01-2026".to_owned()),
        arn: None,
    };
    let edits: [fn(&mut Recipe); 6] = [
        |recipe| recipe.python.version = "3.12.11".to_owned(),
        |recipe| recipe.parallel_cluster.version = "3.16.2".to_owned(),
        |recipe| recipe.tools.clear(),
        |recipe| recipe.applications[0].working_directory = None,
        |recipe| recipe.files[0].content.push('\n'),
        |recipe| recipe.environment.clear(),
    ];
    let edited = edits.map(|edit| {
        let mut build = blog();
        edit(&mut build.recipe);
        build
    });
    let names: Vec<String> = edited
        .iter()
        .chain([&other_base])
        .map(ImageBuild::image_name)
        .chain([name])
        .collect();
    for (index, name) in names.iter().enumerate() {
        assert!(!names[..index].contains(name), "{index}: {names:?}");
    }
}

#[test]
fn the_order_of_keys_makes_no_other_image() {
    let written = serde_json::to_value(blog()).unwrap();
    let reversed = format!(
        "{{{}}}",
        written
            .as_object()
            .unwrap()
            .iter()
            .rev()
            .map(|(key, value)| format!("{}:{value}", json!(key)))
            .collect::<Vec<_>>()
            .join(",")
    );
    let build: ImageBuild = serde_json::from_str(&reversed).unwrap();
    assert_eq!(build.image_name(), blog().image_name());
}
