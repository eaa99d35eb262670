//! Words AppStream's errors. Where real traces are public the texts are AWS's own; see each.

use crate::call::ServiceError;

/// The object asked for by name does not exist. The model's status is 404 since 2026; clients go
/// by the code.
pub(crate) fn not_found(kind: &str, name: &str) -> ServiceError {
    ServiceError::with_status(
        "ResourceNotFoundException",
        format!("The {kind} {name} was not found."),
        404,
    )
}

/// The name is taken.
pub(crate) fn exists(kind: &str, name: &str) -> ServiceError {
    ServiceError::new(
        "ResourceAlreadyExistsException",
        format!("The {kind} {name} already exists."),
    )
}

/// The object's state or its relations stand in the way.
pub(crate) fn in_use(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ResourceInUseException", message)
}

/// The members do not go together, or a value is outside the documented range.
pub(crate) fn combination(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InvalidParameterCombinationException", message)
}

/// The operation cannot be done to this object.
pub(crate) fn not_permitted(message: impl Into<String>) -> ServiceError {
    ServiceError::new("OperationNotPermittedException", message)
}

/// The object exists but cannot be used.
pub(crate) fn not_available(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ResourceNotAvailableException", message)
}

/// A quota.
pub(crate) fn limit(message: impl Into<String>) -> ServiceError {
    ServiceError::new("LimitExceededException", message)
}

/// A role that AppStream cannot use, or not yet (terraform-provider-aws issues 25388 and 28128).
pub(crate) fn invalid_role(whose: &str) -> ServiceError {
    ServiceError::new(
        "InvalidRoleException",
        format!("AppStream 2.0 encountered an error because your {whose} is invalid"),
    )
}

/// A value outside the range that AWS documents.
pub(crate) fn out_of_range(member: &str, range: &str) -> ServiceError {
    combination(format!("{member} must be {range}."))
}
