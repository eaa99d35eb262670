//! Keeps `docs/reference/cli.md` equal to what the program understands.

use std::path::Path;

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::Cli;

/// Writes one command and those below it.
fn write_command(text: &mut String, command: &Command, globals: &[&str]) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let mut usage_of = command.clone().color(clap::ColorChoice::Never);
    let usage = usage_of.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim();
    text.extend([format!("## `{name}`\n\n")]);
    if let Some(about) = command.get_about() {
        text.extend([format!("{about}.\n\n")]);
    }
    text.extend([format!("```text\n{usage}\n```\n\n")]);
    let arguments: Vec<&Arg> = command
        .get_arguments()
        .filter(|argument| !globals.contains(&argument.get_id().as_str()))
        .collect();
    write_arguments(text, &arguments);
    if let Some(help) = command.get_after_help() {
        text.extend([format!("```text\n{}\n```\n\n", help.to_string().trim())]);
    }
}

fn write_arguments(text: &mut String, arguments: &[&Arg]) {
    if arguments.is_empty() {
        return;
    }
    text.push_str("| option | variable | default | |\n|---|---|---|---|\n");
    for argument in arguments {
        let code = |value: String| {
            if value.is_empty() {
                "–".to_owned()
            } else {
                format!("`{value}`")
            }
        };
        let variable = argument
            .get_env()
            .map(|name| name.to_string_lossy().into_owned());
        let takes_value = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
        let default: Vec<String> = argument
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy().into_owned())
            .collect();
        let mut help = argument
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let possible: Vec<String> = argument
            .get_possible_values()
            .iter()
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        if takes_value && !possible.is_empty() {
            help.extend([": ", &possible.join(", ")]);
        }
        text.extend([format!(
            "| {} | {} | {} | {} |\n",
            code(spelling(argument)),
            code(variable.unwrap_or_default()),
            code(if takes_value {
                default.join(" ")
            } else {
                String::new()
            }),
            help.replace('|', "\\|").replace('\n', " ")
        )]);
    }
    text.push('\n');
}

/// `-o, --output <FORMAT>`, as help prints it.
fn spelling(argument: &Arg) -> String {
    let values: Vec<String> = argument
        .get_value_names()
        .unwrap_or_default()
        .iter()
        .map(|name| format!("<{name}>"))
        .collect();
    let takes_value = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let values = if takes_value {
        values.join(" ")
    } else {
        String::new()
    };
    let flags: Vec<String> = argument
        .get_short()
        .map(|short| format!("-{short}"))
        .into_iter()
        .chain(argument.get_long().map(|long| format!("--{long}")))
        .collect();
    if flags.is_empty() {
        return values.replace('<', "[").replace('>', "]…");
    }
    format!("{} {values}", flags.join(", "))
        .trim_end()
        .to_owned()
}

fn reference() -> String {
    let mut command = Cli::command();
    command.build();
    let mut text = "# Command line\n\n\
        This page is generated from the program; `UPDATE_DOCS=1 cargo test reference` writes it \
        anew.\n\n\
        stdout is for data, stderr for the rest.\n\
        Exit codes: 0 done, 1 failed, 2 wrong usage, 3 there are differences (`plan --exit-code`, \
        `diff`) or something was left out (`import`), 130 interrupted.\n\
        Durations are written as `500ms`, `2s`, `5m`, `1h` or `1h30m`.\n\n\
        ## Options of every command\n\n"
        .to_owned();
    let globals: Vec<&Arg> = command
        .get_arguments()
        .filter(|argument| argument.is_global_set())
        .collect();
    write_arguments(&mut text, &globals);
    let mut names: Vec<&str> = globals
        .iter()
        .map(|global| global.get_id().as_str())
        .collect();
    names.extend(["help", "version"]);
    for command in command
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
    {
        write_command(&mut text, command, &names);
    }
    format!("{}\n", text.trim_end())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the test, not of the program"
)]
#[test]
fn the_reference_lists_every_option() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/cli.md");
    let text = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/reference/cli.md is out of date; write it anew with \
         UPDATE_DOCS=1 cargo test reference"
    );
}
