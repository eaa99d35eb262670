//! Tells a field that was left out from one that must be unset and one that has a value.
//!
//! The difference is the cure for false drift: left out is not managed, `null` must be unset, a
//! value must be equal.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A field of the spec that can be unset in AWS.
///
/// Use it with `#[serde(default, skip_serializing_if = "Field::is_omitted")]`: serde then yields
/// [`Field::Omitted`] for a missing key, and `null` and a value each their own variant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// The key is not there: the field is not managed.
    #[default]
    Omitted,
    /// The key is `null`: the field must be unset.
    Null,
    /// The field must be equal to this.
    Value(T),
}

impl<T> Field<T> {
    /// Whether the key was left out.
    #[must_use]
    pub const fn is_omitted(&self) -> bool {
        matches!(self, Self::Omitted)
    }

    /// The value, if there is one.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Omitted | Self::Null => None,
        }
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Omitted | Self::Null => serializer.serialize_none(),
            Self::Value(value) => serializer.serialize_some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Owned(format!("Field_{}", T::schema_name()))
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<T>::json_schema(generator)
    }

    fn _schemars_private_non_optional_json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }

    fn _schemars_private_is_option() -> bool {
        true
    }
}

/// Reads an optional field for which `null` means nothing: a present key must have a value.
///
/// # Errors
///
/// Fails on `null`, with the field's own type error.
pub(crate) fn value_or_missing<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// As [`value_or_missing`], for what is kept as JSON and would take `null` as a value.
///
/// # Errors
///
/// Fails on `null`.
pub(crate) fn json_or_missing<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Value>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_null() {
        return Err(D::Error::custom("null is not allowed here"));
    }
    Ok(Some(value))
}
