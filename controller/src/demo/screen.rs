//! Writes the demonstration for people: what happens, what is waited for, in colour if wanted.

use std::sync::Mutex;
use std::time::Instant;

use anstyle::{AnsiColor, Style};

/// Where the demonstration is written. Colours follow `NO_COLOR`, `CLICOLOR` and the terminal.
#[derive(Debug)]
pub(super) struct Screen {
    started: Instant,
    waiting: Mutex<String>,
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default();

impl Screen {
    pub(super) fn new() -> Self {
        Self {
            started: crate::lease::now(),
            waiting: Mutex::new(String::new()),
        }
    }

    pub(super) fn title(&self, text: &str) {
        anstream::println!("\n{BOLD}{text}{BOLD:#}");
    }

    pub(super) fn chapter(&self, text: &str) {
        anstream::println!(
            "\n{CYAN}── {text} {}{CYAN:#}",
            "─".repeat(70_usize.saturating_sub(text.chars().count()))
        );
    }

    pub(super) fn code(&self, text: &str) {
        for line in text.lines() {
            anstream::println!("    {DIM}{line}{DIM:#}");
        }
    }

    pub(super) fn note(&self, text: &str) {
        anstream::println!("  {text}");
    }

    /// Something went well.
    pub(super) fn done(&self, what: &str, text: &str) {
        self.line(GREEN, "✓", what, text);
    }

    /// Something to look at: drift, a refusal.
    pub(super) fn warning(&self, what: &str, text: &str) {
        self.line(YELLOW, "!", what, text);
    }

    /// Somebody else did something.
    pub(super) fn villain(&self, text: &str) {
        self.line(RED, "✗", "another administrator", text);
    }

    pub(super) fn failure(&self, text: &str) {
        self.line(RED, "✗", "failed", text);
    }

    /// What is being waited for; said once, not every time it is asked.
    pub(super) fn waiting(&self, text: &str) {
        let Ok(mut last) = self.waiting.lock() else {
            return;
        };
        if *last != text {
            text.clone_into(&mut last);
            if !text.is_empty() {
                self.line(DIM, "…", "waiting", text);
            }
        }
    }

    fn line(&self, style: Style, mark: &str, what: &str, text: &str) {
        let seconds = self.started.elapsed().as_secs_f64();
        anstream::println!("  {DIM}{seconds:6.1}s{DIM:#} {style}{mark} {what:<22}{style:#} {text}");
    }
}
