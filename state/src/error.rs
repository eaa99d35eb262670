//! Names everything that can go wrong between the daemon and PostgreSQL.

use std::fmt;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// PostgreSQL, or the way to it, failed.
    #[error("failed to {operation}")]
    Database {
        /// What was being done, such as `load scope 3`.
        operation: String,
        /// What PostgreSQL said.
        #[source]
        source: DatabaseFault,
    },
    /// A stored row cannot be what it is.
    #[error("{table}.{column} of {row} is inconsistent: {message}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Which row, for people.
        row: String,
        /// What is wrong with it.
        message: String,
    },
    /// Somebody else was faster, or the name is not what the caller thinks.
    #[error("{0}")]
    Conflict(String),
    /// There is no environment of that name.
    #[error("environment \"{0}\" does not exist")]
    NotFound(String),
    /// The lease is not ours any more: nothing was written.
    #[error("the lease on scope {scope_id} with epoch {epoch} is lost")]
    LeaseLost {
        /// The scope.
        scope_id: i64,
        /// The epoch that was ours.
        epoch: i64,
    },
    /// The scope saw as many stops and deletions as it may.
    #[error("scope {scope_id} has had the {at_most} stops and deletions it may have in a while")]
    OverBudget {
        /// The scope.
        scope_id: i64,
        /// How many it may have.
        at_most: i64,
    },
    /// The server or its database cannot hold our schema.
    #[error("{0}")]
    Unsupported(String),
}

impl StoreError {
    /// Wraps a database error with what was being done.
    pub(crate) fn database(operation: impl Into<String>, source: sqlx::Error) -> Self {
        Self::Database {
            operation: operation.into(),
            source: DatabaseFault(source),
        }
    }

    /// Whether this says that the lease is gone.
    #[must_use]
    pub const fn is_lease_lost(&self) -> bool {
        matches!(self, Self::LeaseLost { .. })
    }

    /// Whether the same call may well succeed a little later: the connection was lost, the server
    /// restarts or fails over, a lock or a statement took too long.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database { source, .. } => source.is_transient(),
            Self::Inconsistent { .. }
            | Self::Conflict(_)
            | Self::NotFound(_)
            | Self::LeaseLost { .. }
            | Self::OverBudget { .. }
            | Self::Unsupported(_) => false,
        }
    }

    /// What PostgreSQL refused, if it refused a statement rather than failed.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal<'_>> {
        match self {
            Self::Database { source, .. } => source.refusal(),
            Self::Inconsistent { .. }
            | Self::Conflict(_)
            | Self::NotFound(_)
            | Self::LeaseLost { .. }
            | Self::OverBudget { .. }
            | Self::Unsupported(_) => None,
        }
    }
}

/// A statement that PostgreSQL refused, in its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// The SQLSTATE, such as `23514`.
    pub code: &'a str,
    /// The message.
    pub message: &'a str,
    /// DETAIL, if there is one: further faults of a spec.
    pub detail: Option<&'a str>,
    /// HINT, if there is one.
    pub hint: Option<&'a str>,
}

/// An error of PostgreSQL or of the connection, printed with DETAIL and HINT as psql does.
///
/// sqlx prints the message alone.
#[derive(Debug)]
pub struct DatabaseFault(sqlx::Error);

impl DatabaseFault {
    fn postgres(&self) -> Option<&sqlx::postgres::PgDatabaseError> {
        self.0.as_database_error()?.try_downcast_ref()
    }

    fn refusal(&self) -> Option<Refusal<'_>> {
        let error = self.postgres()?;
        Some(Refusal {
            code: error.code(),
            message: error.message(),
            detail: error.detail(),
            hint: error.hint(),
        })
    }

    fn is_transient(&self) -> bool {
        if let Some(error) = self.postgres() {
            // Class 08 connection, 40 rollback (serialization, deadlock), 53 resources, 57 operator
            // (shutdown, crash recovery, statement time-out), 55P03 lock time-out, 25006 a standby
            // that is about to be promoted, 25P03 idle in transaction for too long.
            let code = error.code();
            return ["08", "40", "53", "57"]
                .iter()
                .any(|class| code.starts_with(class))
                || matches!(code, "55P03" | "25006" | "25P03");
        }
        matches!(
            self.0,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::WorkerCrashed
        )
    }
}

impl fmt::Display for DatabaseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(error) = self.postgres() else {
            return write!(f, "{}", self.0);
        };
        f.write_str(error.message())?;
        if let Some(detail) = error.detail() {
            write!(f, "\nDETAIL:  {detail}")?;
        }
        if let Some(hint) = error.hint() {
            write!(f, "\nHINT:  {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for DatabaseFault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // A database error was printed in full above; the others print their own source.
        None
    }
}
