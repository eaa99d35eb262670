//! Runs the real `streamkeeper` as a child process, to be watched, stopped and killed.

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::waiting::{DEADLINE, wait_until};

/// The program, as `tests/Cargo.toml` calls it.
const PROGRAM: &str = "streamkeeper-under-test";

/// A running child process; dropping it kills it.
#[derive(Debug)]
pub struct Daemon {
    child: Arc<Mutex<Child>>,
    stdout: Lines,
    stderr: Lines,
}

/// What a child has written to one of its streams, line by line.
#[derive(Debug, Clone, Default)]
struct Lines {
    written: Arc<Mutex<Vec<String>>>,
    ended: Arc<AtomicBool>,
}

impl Daemon {
    /// A `streamkeeper` command that nothing around the test can change: the environment is empty
    /// but for `PATH`, and no AWS configuration or credentials of this machine are read.
    ///
    /// # Panics
    ///
    /// Panics when the program was not built; `cargo test` builds it.
    #[must_use]
    pub fn command<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("RUST_BACKTRACE", "1");
        command
    }

    /// Starts a command.
    ///
    /// # Panics
    ///
    /// Panics when the operating system cannot.
    #[must_use]
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("failed to start {command:?}: {error}"));
        let stdout = Lines::read(child.stdout.take().expect("stdout is a pipe"));
        let stderr = Lines::read(child.stderr.take().expect("stderr is a pipe"));
        Self {
            child: Arc::new(Mutex::new(child)),
            stdout,
            stderr,
        }
    }

    /// The lines on standard error so far: the log.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.stderr.lock().clone()
    }

    /// The lines on standard output so far: the data.
    #[must_use]
    pub fn output(&self) -> Vec<String> {
        self.stdout.lock().clone()
    }

    /// Waits until a line of the log contains the text, and returns that line.
    ///
    /// # Panics
    ///
    /// Panics with the whole log when the deadline passes first.
    pub async fn until_logged(&self, text: &str) -> String {
        let mut found = None;
        wait_until("the log says so", DEADLINE, async || {
            // Looked at first: what was written before the end is then seen below.
            let has_ended = self.stderr.have_ended();
            found = self.log().into_iter().find(|line| line.contains(text));
            found.is_some() || has_ended
        })
        .await;
        found
            .unwrap_or_else(|| panic!("ended without logging {text:?}:\n{}", self.log().join("\n")))
    }

    /// Whether the process has not ended.
    ///
    /// # Panics
    ///
    /// Panics when the operating system does not know the process.
    #[must_use]
    pub fn is_running(&self) -> bool {
        lock(&self.child)
            .try_wait()
            .expect("a child that only we wait for")
            .is_none()
    }

    /// Kills the process as `kill -9` does, and returns once it is gone.
    pub fn kill(&self) {
        kill(&self.child);
    }

    /// What [`Daemon::kill`] does, for whoever decides when: [`crate::Fault::Call`].
    pub fn killer(&self) -> impl FnOnce() + Send + 'static {
        let child = Arc::clone(&self.child);
        move || kill(&child)
    }

    /// Asks the process to end, as Kubernetes and systemd do.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Asks the process to end, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// Halts the process where it is, as a hypervisor may.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets a halted process go on as if nothing had been.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Waits until the process ends, and says how.
    ///
    /// # Panics
    ///
    /// Panics with the log when it does not end in time.
    pub async fn wait(&self, deadline: Duration) -> ExitStatus {
        let what = "the process has ended";
        wait_until(what, deadline, async || !self.is_running()).await;
        lock(&self.child).wait().expect("a child that has ended")
    }

    fn signal(&self, signal: &str) {
        let child = lock(&self.child);
        // The shell's builtin, because std sends nothing but SIGKILL.
        let sent = Command::new("/bin/sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", signal])
            .arg(child.id().to_string())
            .status()
            .expect("a shell");
        assert!(sent.success(), "failed to send SIG{signal}: {sent}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the daemon's log:\n{}", self.log().join("\n"));
        }
    }
}

impl Lines {
    fn read(stream: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let writer = lines.clone();
        // Ends with the stream, that is with the process.
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                writer
                    .lock()
                    .push(String::from_utf8_lossy(&line).into_owned());
            }
            writer.ended.store(true, Ordering::Release);
        });
        lines
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        lock(&self.written)
    }

    fn have_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kill(child: &Mutex<Child>) {
    let mut child = lock(child);
    // The error of one that has ended already is no news.
    drop(child.kill());
    drop(child.wait());
}

/// The program that cargo built for this package's tests.
fn program() -> PathBuf {
    let told = std::env::var_os(format!("CARGO_BIN_EXE_{PROGRAM}")).map(PathBuf::from);
    let program = told.unwrap_or_else(|| {
        // Tests are in target/debug/deps, programs in target/debug.
        let test = std::env::current_exe().expect("a test is a file");
        let folder = test.ancestors().nth(2).expect("a test is two folders down");
        folder.join(PROGRAM)
    });
    assert!(
        program.is_file(),
        "{} is not there: run the tests with `cargo test`, which builds it",
        program.display()
    );
    program
}
