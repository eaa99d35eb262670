//! Sets up logging, and prints a chain of errors once.
//!
//! Logs go to stderr: stdout is for data.

use std::error::Error;
use std::fmt;
use std::io::IsTerminal;

use anstream::{AutoStream, ColorChoice};
use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, ParseError};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;

/// Libraries that say at `info` and below what only their authors want to know; name one in the
/// level to hear it all the same, as in `info,sqlx=debug`.
const TALKATIVE: &str = "aws_config=warn,aws_runtime=warn,aws_sigv4=warn,aws_smithy_http_client=warn,\
    aws_smithy_runtime=warn,aws_smithy_runtime_api=warn,h2=warn,hyper=warn,hyper_util=warn,\
    rustls=warn,sqlx=warn";

/// The AWS SDK warns about each place without credentials, with the whole answer of a server that
/// there is not; that there are none at all is told by us, once.
const COMPLAINING: &str = "aws_config=error";

/// Sends log lines to stderr from now on, coloured where the command's own output would be.
///
/// # Errors
///
/// Fails when the level cannot be read or logging was set up before.
pub fn init(format: LogFormat, level: &str) -> anyhow::Result<()> {
    let filter =
        filter(level).with_context(|| format!("failed to read the log level \"{level}\""))?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = if is_text(format, std::io::stderr().is_terminal()) {
        let color = AutoStream::choice(&std::io::stderr());
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(color != ColorChoice::Never)
            .with_target(false)
            .with_timer(Milliseconds)
            .compact();
        registry.with(layer).try_init()
    } else {
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .json()
            .flatten_event(true)
            .with_span_list(false);
        registry.with(layer).try_init()
    };
    started.context("failed to set up logging")
}

/// What the level lets through.
fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    let asked = EnvFilter::builder().parse(level)?;
    let libraries = match asked.max_level_hint() {
        Some(LevelFilter::OFF | LevelFilter::ERROR) => return Ok(asked),
        Some(LevelFilter::WARN) => COMPLAINING.to_owned(),
        // The later one of two for the same library holds.
        Some(_) | None => format!("{TALKATIVE},{COMPLAINING}"),
    };
    EnvFilter::builder().parse(format!("{libraries},{level}"))
}

/// Whether lines are for people.
const fn is_text(format: LogFormat, terminal: bool) -> bool {
    match format {
        LogFormat::Auto => terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    }
}

/// The time in UTC, cut to the millisecond: finer than that nobody reads.
struct Milliseconds;

impl FormatTime for Milliseconds {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let mut text = String::new();
        SystemTime.format_time(&mut Writer::new(&mut text))?;
        writer.write_str(cut_to_milliseconds(&text).as_str())
    }
}

/// `…:05.123456Z` as `…:05.123Z`; whatever has another form stays as it is.
fn cut_to_milliseconds(time: &str) -> String {
    match time.strip_suffix('Z').and_then(|time| time.split_once('.')) {
        Some((seconds, fraction)) if fraction.is_ascii() && fraction.len() >= 3 => {
            format!("{seconds}.{}Z", &fraction[..3])
        }
        Some(_) | None => time.to_owned(),
    }
}

/// An error and its causes in one line, each said once: `failed to start: no such file`.
///
/// Errors that print their own cause (other people's) are not repeated.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !text.is_empty() && !said.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            if !text.is_empty() {
                said = text;
            }
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    fn chain(texts: &[&'static str]) -> String {
        let mut head: Option<Box<Link>> = None;
        for text in texts.iter().rev() {
            head = Some(Box::new(Link { text, source: head }));
        }
        Chain(&*head.unwrap()).to_string()
    }

    #[test]
    fn a_chain_is_said_in_one_line() {
        assert_eq!(
            chain(&["failed to start", "no file"]),
            "failed to start: no file"
        );
        assert_eq!(chain(&["alone"]), "alone");
    }

    #[test]
    fn what_was_said_is_not_said_again() {
        assert_eq!(chain(&["read: no file", "no file"]), "read: no file");
        assert_eq!(chain(&["a: b: c", "b: c", "c"]), "a: b: c");
        assert_eq!(chain(&["a", "", "c"]), "a: c");
    }

    #[test]
    fn libraries_are_quiet_until_they_are_named() {
        let quiet = filter("debug").unwrap().to_string();
        assert!(quiet.contains("aws_config=error"), "{quiet}");
        assert!(quiet.contains("sqlx=warn"), "{quiet}");
        assert!(quiet.contains("debug"), "{quiet}");
        let named = filter("info,aws_config=debug").unwrap().to_string();
        assert!(named.contains("aws_config=debug"), "{named}");
        assert!(!named.contains("aws_config=error"), "{named}");
        assert_eq!(filter("off").unwrap().to_string(), "off");
        assert_eq!(filter("error").unwrap().to_string(), "error");
    }

    #[test]
    fn auto_is_text_on_a_terminal_only() {
        assert!(is_text(LogFormat::Auto, true));
        assert!(!is_text(LogFormat::Auto, false));
        assert!(is_text(LogFormat::Text, false));
        assert!(!is_text(LogFormat::Json, true));
    }

    #[test]
    fn times_have_milliseconds() {
        let cut = cut_to_milliseconds("2026-11-24T22:16:05.123456Z");
        assert_eq!(cut, "2026-11-24T22:16:05.123Z");
        assert_eq!(cut_to_milliseconds("now"), "now");
    }
}
