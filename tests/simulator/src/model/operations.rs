//! Lists every operation the simulator offers: how it is answered, checked and written down.

use std::sync::LazyLock;

use serde_json::Value;

use super::shape::Member;
use super::state::State;
use super::{Answer, Request, sts};
use crate::call::Service;

/// How an operation is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Run {
    /// From the state, or from a past one.
    Read(fn(&State, &Request<'_>) -> Answer),
    /// By changing the state.
    Write(fn(&mut State, &Request<'_>) -> Answer),
}

/// An operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) service: Service,
    pub(crate) name: &'static str,
    /// The input's members.
    pub(crate) input: &'static [Member],
    /// Which members name the objects it is about, and of what kind they are.
    pub(crate) about: &'static [(&'static str, &'static str)],
    pub(crate) run: Run,
}

impl Operation {
    pub(crate) const fn is_mutating(&self) -> bool {
        matches!(self.run, Run::Write(_))
    }

    /// The objects it is about, such as `stack/cfd,fleet/cfd`.
    pub(crate) fn target(&self, request: &Request<'_>) -> String {
        let mut target = Vec::new();
        for (kind, member) in self.about {
            let names = match request.input.get(*member) {
                Some(Value::String(name)) => vec![name.as_str()],
                Some(Value::Array(_)) => request.texts(member),
                _ => Vec::new(),
            };
            target.extend(names.into_iter().map(|name| match *kind {
                "arn" => name.rsplit(':').next().unwrap_or(name).to_owned(),
                kind => format!("{kind}/{name}"),
            }));
        }
        target.join(",")
    }
}

const OPERATIONS: &[Operation] = &[Operation {
    service: Service::Sts,
    name: "GetCallerIdentity",
    input: &[],
    about: &[],
    run: Run::Read(sts::get_caller_identity),
}];

pub(crate) fn find(service: Service, name: &str) -> Option<&'static Operation> {
    OPERATIONS
        .iter()
        .find(|operation| operation.service == service && operation.name == name)
}

/// Every operation the simulator offers.
#[must_use]
pub fn operations() -> &'static [(Service, &'static str)] {
    static NAMES: LazyLock<Vec<(Service, &'static str)>> = LazyLock::new(|| {
        OPERATIONS
            .iter()
            .map(|operation| (operation.service, operation.name))
            .collect()
    });
    &NAMES
}
