//! Holds the world and takes calls: fault, limit, validation, answer, journal, in this order.

mod application;
mod bucket;
pub(crate) mod cloudformation;
mod entitlement;
mod errors;
mod fleet;
pub(crate) mod hands;
mod iam;
mod image;
mod operations;
mod page;
mod scaling;
mod seeded;
mod session;
mod settings;
mod shape;
mod stack;
mod state;
mod sts;
mod table;
mod tag;
mod tagging;
mod theme;
mod user;

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use self::hands::Hand;
use self::operations::{Operation, Run};
pub use self::operations::{input_model, operations};
use self::state::{State, Surroundings};
use crate::call::{Call, Caller, Delivery, Exchange, ServiceError};
use crate::config::Config;
use crate::fault::{Face, Fault, Faults, Sight};
use crate::journal::{CallOutcome, JournalEntry};
use crate::limits::Throttle;

/// What a handler answers with.
pub(crate) type Answer = Result<Value, ServiceError>;

/// One account in one region: nothing crosses over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) region: String,
}

/// A call that a handler looks at.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) place: Place,
    pub(crate) caller: &'a Caller,
    pub(crate) input: &'a Map<String, Value>,
    pub(crate) now: DateTime<Utc>,
}

impl<'a> Request<'a> {
    /// The same request with another input.
    fn with<'b>(&'b self, input: &'b Map<String, Value>) -> Request<'b>
    where
        'a: 'b,
    {
        Request {
            place: self.place.clone(),
            caller: self.caller,
            input,
            now: self.now,
        }
    }

    /// A string member, or nothing.
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.input.get(member).and_then(Value::as_str)
    }

    /// A string member that validation has made sure of.
    pub(crate) fn required(&self, member: &str) -> &str {
        self.text(member).unwrap_or_default()
    }

    /// The strings of a list member; none when it is left out.
    pub(crate) fn texts(&self, member: &str) -> Vec<&str> {
        self.input
            .get(member)
            .and_then(Value::as_array)
            .map(|items| items.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default()
    }

    /// An integer member, or nothing.
    pub(crate) fn integer(&self, member: &str) -> Option<i64> {
        self.input.get(member).and_then(Value::as_i64)
    }
}

/// Everything behind the doorway.
#[derive(Debug)]
pub(crate) struct World {
    config: Arc<Config>,
    state: State,
    throttle: Throttle,
    journal: VecDeque<JournalEntry>,
    calls: u64,
}

/// What became of a call inside.
struct Handled {
    result: Answer,
    delivery: Delivery,
    executed: bool,
}

impl Handled {
    fn answered(result: Answer) -> Self {
        Self {
            result,
            delivery: Delivery::Answer,
            executed: true,
        }
    }

    fn lost_before(face: Face) -> Self {
        Self {
            result: Err(ServiceError::with_status(
                "NotExecuted",
                "the call was lost on the way in",
                0,
            )),
            delivery: face.delivery(),
            executed: false,
        }
    }

    fn delivered_by(self, delivery: Delivery) -> Self {
        Self { delivery, ..self }
    }
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        let config = Arc::new(config);
        Self {
            state: State::new(Arc::clone(&config)),
            config,
            throttle: Throttle::default(),
            journal: VecDeque::new(),
            calls: 0,
        }
    }

    pub(crate) fn caller_of(&self, access_key: &str) -> Caller {
        let assumed = self.state.surroundings.assumed.get(access_key);
        assumed
            .map(|(caller, _)| caller)
            .or_else(|| self.config.credentials.get(access_key))
            .cloned()
            .unwrap_or_else(|| Caller::role(&self.config.account, "Streamkeeper", "daemon"))
    }

    pub(crate) fn has_expired(&self, access_key: &str, now: DateTime<Utc>) -> bool {
        let assumed = self.state.surroundings.assumed.get(access_key);
        assumed.is_some_and(|(_, expires)| *expires <= now)
    }

    pub(crate) fn exchange(
        &mut self,
        call: &Call,
        now: DateTime<Utc>,
        faults: &Faults,
    ) -> Exchange {
        self.calls += 1;
        let request_id = seeded::request_id(self.config.seed, self.calls);
        let caller = call.caller.clone().unwrap_or_else(|| self.caller_of(""));
        let operation = operations::find(call.service, &call.operation);
        let empty = Map::new();
        let request = Request {
            place: Place {
                account: caller.account.clone(),
                region: call.region.clone(),
            },
            caller: &caller,
            input: call.input.as_object().unwrap_or(&empty),
            now,
        };
        let target = operation.map_or_else(String::new, |operation| operation.target(&request));
        let mutating = operation.is_some_and(Operation::is_mutating);
        let handled = match operation {
            None => Handled::answered(Err(unknown_operation(call))),
            Some(operation) => {
                let fault = faults.befall(&Sight {
                    now,
                    service: call.service,
                    operation: &call.operation,
                    target: &target,
                    region: &call.region,
                    caller: &caller.arn,
                    mutating,
                });
                self.handle(operation, &request, fault)
            }
        };
        self.write_down(JournalEntry {
            seq: self.calls,
            at: now,
            service: call.service,
            operation: call.operation.clone(),
            account: caller.account.clone(),
            caller: caller.arn.clone(),
            region: call.region.clone(),
            target,
            mutating,
            outcome: match &handled.result {
                _ if !handled.executed => CallOutcome::NotExecuted,
                Ok(_) => CallOutcome::Ok,
                Err(error) => CallOutcome::Refused(error.code.clone()),
            },
            delivered: matches!(handled.delivery, Delivery::Answer | Delivery::Delay(_)),
            request_id: request_id.clone(),
        });
        Exchange {
            request_id,
            result: handled.result,
            delivery: handled.delivery,
        }
    }

    /// A fault comes before the rate limit, so that a script means exactly the calls it names.
    fn handle(
        &mut self,
        operation: &Operation,
        request: &Request<'_>,
        fault: Option<Fault>,
    ) -> Handled {
        match fault {
            None => Handled::answered(self.serve(operation, request)),
            Some(Fault::Refuse {
                code,
                message,
                status,
            }) => Handled::answered(Err(ServiceError::with_status(&code, message, status))),
            Some(Fault::LostBefore(face)) => Handled::lost_before(face),
            Some(Fault::LostAfter(face)) => {
                Handled::answered(self.serve(operation, request)).delivered_by(face.delivery())
            }
            Some(Fault::Hang(delay)) => Handled::answered(self.serve(operation, request))
                .delivered_by(Delivery::Delay(delay)),
            Some(Fault::Stale(back)) => {
                Handled::answered(self.serve_stale(operation, request, back))
            }
            Some(Fault::EmptyPage) => {
                Handled::answered(self.serve(operation, request).map(without_items))
            }
            Some(Fault::OmitItem(item)) => Handled::answered(
                self.serve(operation, request)
                    .map(|answer| without_item(answer, &item)),
            ),
        }
    }

    fn serve(&mut self, operation: &Operation, request: &Request<'_>) -> Answer {
        self.admit(operation, request)?;
        match operation.run {
            Run::Read(read) => read(&self.state, request),
            Run::Write(write) => self
                .state
                .change(request.now, |state| write(state, request)),
            Run::Aside(run) => run(&mut self.state.surroundings, &self.config, request),
        }
    }

    fn serve_stale(&mut self, operation: &Operation, request: &Request<'_>, back: usize) -> Answer {
        let Run::Read(read) = operation.run else {
            // A change is always made to the world as it is.
            return self.serve(operation, request);
        };
        let input = self.admit(operation, request)?;
        let (past, then) = self.state.rewound(back, request.now);
        let request = Request {
            now: then,
            ..request.with(&input)
        };
        read(&past, &request)
    }

    /// Lets a call in and hands back the part of its input that AWS knows.
    fn admit(
        &mut self,
        operation: &Operation,
        request: &Request<'_>,
    ) -> Result<Map<String, Value>, ServiceError> {
        let place = &request.place;
        self.throttle.admit(
            &self.config.rates,
            operation.service,
            operation.name,
            (&place.account, &place.region),
            request.now,
        )?;
        shape::accept(operation.service, operation.input, request.input)
    }

    fn write_down(&mut self, entry: JournalEntry) {
        if self.journal.len() >= self.config.journal_limit {
            self.journal.pop_front();
        }
        self.journal.push_back(entry);
    }

    pub(crate) fn journal(&self) -> Vec<JournalEntry> {
        self.journal.iter().cloned().collect()
    }

    pub(crate) fn journal_since(&self, seq: u64) -> Vec<JournalEntry> {
        let from = self.journal.partition_point(|entry| entry.seq <= seq);
        self.journal.range(from..).cloned().collect()
    }

    /// Changes the world from outside the API.
    pub(crate) fn touch<T>(
        &mut self,
        region: &str,
        now: DateTime<Utc>,
        touch: impl FnOnce(&mut Hand<'_>) -> T,
    ) -> T {
        let place = Place {
            account: self.config.account.clone(),
            region: region.to_owned(),
        };
        let touched = self
            .state
            .change(now, |state| Ok(touch(&mut Hand { state, place, now })));
        touched.expect("the closure above has no error to give")
    }

    pub(crate) fn surroundings(&mut self, change: impl FnOnce(&mut Surroundings)) {
        change(&mut self.state.surroundings);
    }

    pub(crate) fn sessions_cut(&self) -> u64 {
        self.state.surroundings.sessions_cut
    }

    pub(crate) fn snapshot(&self, now: DateTime<Utc>) -> Value {
        self.state.snapshot(now)
    }
}

fn unknown_operation(call: &Call) -> ServiceError {
    ServiceError::new(
        "UnknownOperationException",
        format!("{} has no operation {}", call.service, call.operation),
    )
}

/// The answer with every list in it emptied and no further page.
fn without_items(mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        for value in members.values_mut().filter(|value| value.is_array()) {
            *value = json!([]);
        }
        for token in ["NextToken", "ContinuationToken"] {
            members.remove(token);
        }
        if let Some(token) = members.get_mut("PaginationToken") {
            *token = json!("");
        }
    }
    answer
}

/// The answer with one item left out of its lists.
fn without_item(mut answer: Value, item: &str) -> Value {
    if let Some(members) = answer.as_object_mut() {
        for list in members.values_mut().filter_map(Value::as_array_mut) {
            list.retain(|entry| !is_called(entry, item));
        }
    }
    answer
}

fn is_called(entry: &Value, item: &str) -> bool {
    let named = |member: &str| entry.get(member).and_then(Value::as_str);
    entry.as_str() == Some(item)
        || ["Name", "Arn", "ResourceARN", "Id", "UserName", "StackName"]
            .into_iter()
            .filter_map(named)
            .any(|name| {
                name == item
                    || name
                        .strip_suffix(item)
                        .is_some_and(|rest| rest.ends_with('/'))
            })
}
