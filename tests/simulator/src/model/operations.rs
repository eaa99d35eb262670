//! Lists every operation the simulator offers: how it is answered, checked and written down.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::shape::members::{self as m, access, theme as t};
use super::shape::{self, Input, cloudformation as c, scaling as s};
use super::state::{State, Surroundings};
use super::{
    Answer, Request, application, bucket, cloudformation, entitlement, fleet, iam, image, scaling,
    session, stack, sts, tag, tagging, theme, user,
};
use crate::call::Service;
use crate::call::Service::{AppStream, AutoScaling, CloudFormation, Iam, S3, Sts, Tagging};
use crate::config::Config;

/// How an operation is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Run {
    /// From the state, or from a past one.
    Read(fn(&State, &Request<'_>) -> Answer),
    /// By changing the state.
    Write(fn(&mut State, &Request<'_>) -> Answer),
    /// By remembering something that is no object and shows in no list.
    Aside(fn(&mut Surroundings, &Config, &Request<'_>) -> Answer),
}

/// An operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) service: Service,
    pub(crate) name: &'static str,
    /// The input's members.
    pub(crate) input: Input,
    /// Which members name the objects it is about, and of what kind they are.
    pub(crate) about: About,
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
                Some(Value::Array(items)) => {
                    let stacks = items.iter().filter_map(|item| item["StackName"].as_str());
                    let mut names: Vec<&str> = stacks.chain(request.texts(member)).collect();
                    names.dedup();
                    names
                }
                _ => Vec::new(),
            };
            target.extend(names.into_iter().map(|name| match *kind {
                "arn" => name.rsplit(':').next().unwrap_or(name).to_owned(),
                // Named in full: `fleet/cfd`.
                "" => name.to_owned(),
                kind => format!("{kind}/{name}"),
            }));
        }
        target.join(",")
    }
}

/// What the objects of an operation are called.
type About = &'static [(&'static str, &'static str)];

const FLEET: About = &[("fleet", "Name")];
const FLEETS: About = &[("fleet", "Names")];
const STACK: About = &[("stack", "Name")];
const STACKS: About = &[("stack", "Names")];
const PAIR: About = &[("stack", "StackName"), ("fleet", "FleetName")];
const RESOURCE: About = &[("arn", "ResourceArn")];
const USER: About = &[("user", "UserName")];
const USER_STACKS: About = &[("stack", "UserStackAssociations")];
const ENTITLEMENT: About = &[("stack", "StackName"), ("entitlement", "Name")];
const ENTITLED: About = &[("stack", "StackName"), ("entitlement", "EntitlementName")];
const FLEET_APPLICATION: About = &[("fleet", "FleetName"), ("arn", "ApplicationArn")];
const THEME: About = &[("stack", "StackName")];
const CLOUD_STACK: About = &[("arn", "StackName")];
const IN_BUCKET: About = &[("bucket", "Bucket")];

const fn read(
    service: Service,
    name: &'static str,
    about: About,
    input: Input,
    run: fn(&State, &Request<'_>) -> Answer,
) -> Operation {
    Operation {
        service,
        name,
        input,
        about,
        run: Run::Read(run),
    }
}

const fn write(
    service: Service,
    name: &'static str,
    about: About,
    input: Input,
    run: fn(&mut State, &Request<'_>) -> Answer,
) -> Operation {
    Operation {
        service,
        name,
        input,
        about,
        run: Run::Write(run),
    }
}

const fn aside(
    service: Service,
    name: &'static str,
    about: About,
    input: Input,
    run: fn(&mut Surroundings, &Config, &Request<'_>) -> Answer,
) -> Operation {
    Operation {
        service,
        name,
        input,
        about,
        run: Run::Aside(run),
    }
}

#[rustfmt::skip]
const OPERATIONS: &[Operation] = &[
    write(AppStream, "CreateFleet", FLEET, &[m::CREATE_FLEET, m::FLEET_SETTINGS], fleet::change::create),
    write(AppStream, "UpdateFleet", FLEET, &[m::UPDATE_FLEET, m::FLEET_SETTINGS], fleet::change::update),
    write(AppStream, "DeleteFleet", FLEET, &[m::BY_NAME], fleet::change::delete),
    write(AppStream, "StartFleet", FLEET, &[m::BY_NAME], fleet::power::start),
    write(AppStream, "StopFleet", FLEET, &[m::BY_NAME], fleet::power::stop),
    read(AppStream, "DescribeFleets", FLEETS, &[m::DESCRIBE], fleet::describe),
    write(AppStream, "CreateStack", STACK, &[m::CREATE_STACK, m::STACK_SETTINGS], stack::change::create),
    write(AppStream, "UpdateStack", STACK, &[m::UPDATE_STACK, m::STACK_SETTINGS], stack::change::update),
    write(AppStream, "DeleteStack", STACK, &[m::BY_NAME], stack::change::delete),
    read(AppStream, "DescribeStacks", STACKS, &[m::DESCRIBE], stack::describe),
    write(AppStream, "AssociateFleet", PAIR, &[m::ASSOCIATION], stack::association::associate),
    write(AppStream, "DisassociateFleet", PAIR, &[m::ASSOCIATION], stack::association::disassociate),
    read(AppStream, "ListAssociatedFleets", &[("stack", "StackName")], &[m::FLEETS_OF_STACK], stack::association::list_fleets),
    read(AppStream, "ListAssociatedStacks", &[("fleet", "FleetName")], &[m::STACKS_OF_FLEET], stack::association::list_stacks),
    write(AppStream, "TagResource", RESOURCE, &[m::TAG], tag::tag),
    write(AppStream, "UntagResource", RESOURCE, &[m::UNTAG], tag::untag),
    read(AppStream, "ListTagsForResource", RESOURCE, &[m::LIST_TAGS], tag::list),
    read(AppStream, "DescribeSessions", PAIR, &[m::DESCRIBE_SESSIONS], session::describe),
    write(AppStream, "ExpireSession", &[("session", "SessionId")], &[m::EXPIRE_SESSION], session::expire_one),
    write(AppStream, "DrainSessionInstance", &[("session", "SessionId")], &[m::DRAIN_SESSION_INSTANCE], session::drain_instance),
    read(AppStream, "CreateStreamingURL", PAIR, &[m::CREATE_STREAMING_URL], session::create_streaming_url),
    read(AppStream, "DescribeImages", &[("image", "Names"), ("arn", "Arns")], &[m::DESCRIBE_IMAGES], image::describe),
    write(AppStream, "CreateUser", USER, &[access::CREATE_USER], user::create),
    write(AppStream, "EnableUser", USER, &[access::USER], user::enable),
    write(AppStream, "DisableUser", USER, &[access::USER], user::disable),
    write(AppStream, "DeleteUser", USER, &[access::USER], user::delete),
    read(AppStream, "DescribeUsers", &[], &[access::DESCRIBE_USERS], user::describe),
    write(AppStream, "BatchAssociateUserStack", USER_STACKS, &[access::USER_STACKS], user::association::associate),
    write(AppStream, "BatchDisassociateUserStack", USER_STACKS, &[access::USER_STACKS], user::association::disassociate),
    read(AppStream, "DescribeUserStackAssociations", &[("stack", "StackName"), ("user", "UserName")], &[access::DESCRIBE_USER_STACKS], user::association::describe),
    write(AppStream, "CreateEntitlement", ENTITLEMENT, &[access::CREATE_ENTITLEMENT], entitlement::create),
    write(AppStream, "UpdateEntitlement", ENTITLEMENT, &[access::UPDATE_ENTITLEMENT], entitlement::update),
    write(AppStream, "DeleteEntitlement", ENTITLEMENT, &[access::ENTITLEMENT], entitlement::delete),
    read(AppStream, "DescribeEntitlements", ENTITLEMENT, &[access::DESCRIBE_ENTITLEMENTS], entitlement::describe),
    write(AppStream, "AssociateApplicationToEntitlement", ENTITLED, &[access::ENTITLED_APPLICATION], entitlement::associate),
    write(AppStream, "DisassociateApplicationFromEntitlement", ENTITLED, &[access::ENTITLED_APPLICATION], entitlement::disassociate),
    read(AppStream, "ListEntitledApplications", ENTITLED, &[access::LIST_ENTITLED], entitlement::list_applications),
    write(AppStream, "AssociateApplicationFleet", FLEET_APPLICATION, &[access::FLEET_APPLICATION], application::associate),
    write(AppStream, "DisassociateApplicationFleet", FLEET_APPLICATION, &[access::FLEET_APPLICATION], application::disassociate),
    read(AppStream, "DescribeApplicationFleetAssociations", FLEET_APPLICATION, &[access::DESCRIBE_FLEET_APPLICATIONS], application::describe),
    write(AppStream, "CreateThemeForStack", THEME, &[t::CREATE_THEME], theme::create),
    write(AppStream, "UpdateThemeForStack", THEME, &[t::UPDATE_THEME], theme::update),
    write(AppStream, "DeleteThemeForStack", THEME, &[t::THEME], theme::delete),
    read(AppStream, "DescribeThemeForStack", THEME, &[t::THEME], theme::describe),
    read(Tagging, "GetResources", &[], &[m::GET_RESOURCES], tagging::get_resources),
    read(AutoScaling, "DescribeScalableTargets", &[("", "ResourceIds")], &[s::DESCRIBE_TARGETS], scaling::describe),
    write(AutoScaling, "RegisterScalableTarget", &[("", "ResourceId")], &[s::TARGET, s::REGISTER_TARGET], scaling::register),
    write(AutoScaling, "DeregisterScalableTarget", &[("", "ResourceId")], &[s::TARGET], scaling::deregister),
    read(CloudFormation, "DescribeStacks", CLOUD_STACK, &[c::DESCRIBE_STACKS], cloudformation::describe_stacks),
    read(CloudFormation, "GetTemplate", CLOUD_STACK, &[c::GET_TEMPLATE], cloudformation::get_template),
    read(Iam, "GetRole", &[("role", "RoleName")], &[m::GET_ROLE], iam::get_role),
    read(Iam, "GetUser", &[("user", "UserName")], &[m::GET_USER], iam::get_user),
    read(Sts, "GetCallerIdentity", &[], &[], sts::get_caller_identity),
    aside(Sts, "AssumeRole", &[("arn", "RoleArn")], &[m::ASSUME_ROLE], sts::assume_role),
    read(S3, "ListBuckets", &[], &[m::LIST_BUCKETS], bucket::list),
    read(S3, "HeadBucket", IN_BUCKET, &[m::BUCKET], bucket::head),
    read(S3, "GetBucketLocation", IN_BUCKET, &[m::BUCKET], bucket::location),
    read(S3, "GetBucketPolicy", IN_BUCKET, &[m::BUCKET], bucket::get_policy),
    write(S3, "PutBucketPolicy", IN_BUCKET, &[m::BUCKET, m::PUT_BUCKET_POLICY], bucket::put_policy),
    write(S3, "DeleteBucketPolicy", IN_BUCKET, &[m::BUCKET], bucket::delete_policy),
    read(S3, "GetBucketEncryption", IN_BUCKET, &[m::BUCKET], bucket::facts::get_encryption),
    write(S3, "PutBucketEncryption", IN_BUCKET, &[m::BUCKET, m::PUT_BUCKET_ENCRYPTION], bucket::facts::put_encryption),
    read(S3, "GetBucketOwnershipControls", IN_BUCKET, &[m::BUCKET], bucket::facts::get_ownership),
    write(S3, "PutBucketOwnershipControls", IN_BUCKET, &[m::BUCKET, m::PUT_BUCKET_OWNERSHIP], bucket::facts::put_ownership),
    write(S3, "DeleteBucketOwnershipControls", IN_BUCKET, &[m::BUCKET], bucket::facts::delete_ownership),
    write(S3, "DeleteBucket", IN_BUCKET, &[m::BUCKET], bucket::delete),
];

/// Every operation.
pub(crate) const fn all() -> &'static [Operation] {
    OPERATIONS
}

/// The inputs that the simulator checks, by service and operation, for comparing them with the
/// models that the SDKs are generated from.
#[must_use]
pub fn input_model() -> Value {
    let mut services = serde_json::Map::new();
    for operation in all() {
        services
            .entry(operation.service.signing_name())
            .or_insert_with(|| json!({}))[operation.name] = shape::describe(operation.input);
    }
    Value::Object(services)
}

pub(crate) fn find(service: Service, name: &str) -> Option<&'static Operation> {
    all()
        .iter()
        .find(|operation| operation.service == service && operation.name == name)
}

/// Every operation the simulator offers.
#[must_use]
pub fn operations() -> &'static [(Service, &'static str)] {
    static NAMES: LazyLock<Vec<(Service, &'static str)>> = LazyLock::new(|| {
        all()
            .iter()
            .map(|operation| (operation.service, operation.name))
            .collect()
    });
    &NAMES
}
