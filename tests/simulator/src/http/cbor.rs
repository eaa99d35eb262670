//! Translates between CBOR documents and the JSON values the model speaks.
//!
//! Smithy's RPC v2 protocol says in CBOR what awsJson says in JSON, with one difference that
//! matters here: a timestamp is tagged (tag 1, epoch seconds). The model has plain numbers, so the
//! tag is dropped on the way in and put back, by member name, on the way out.

use ciborium::value::Value as Cbor;
use serde_json::{Map, Number, Value};

/// Members that AWS's service models declare as timestamps. No other member has one of these names.
const TIMESTAMPS: [&str; 11] = [
    "CreatedDate",
    "CreatedTime",
    "ErrorTimestamp",
    "Expires",
    "LastGeneratedReportDate",
    "LastModifiedTime",
    "MaxExpirationTime",
    "PublicBaseImageReleasedDate",
    "StartTime",
    "SubscriptionFirstUsedDate",
    "SubscriptionLastUsedDate",
];

/// Tag of an epoch-based date and time (RFC 8949, 3.4.2).
const EPOCH_TAG: u64 = 1;

/// Reads a request body; the document must be one map, definite or not. An empty body is an empty
/// map, as for an operation without input.
pub(super) fn decode(body: &[u8]) -> Result<Value, String> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let mut rest = body;
    let document: Cbor = ciborium::from_reader(&mut rest).map_err(|error| error.to_string())?;
    if !rest.is_empty() {
        return Err(format!("{} bytes after the document", rest.len()));
    }
    if !document.is_map() {
        return Err("the document is not a map".to_owned());
    }
    to_json(document)
}

/// Writes a response body.
pub(super) fn encode(document: &Value) -> Vec<u8> {
    let mut body = Vec::new();
    ciborium::into_writer(&to_cbor(document, false), &mut body)
        .expect("writing to memory does not fail");
    body
}

fn to_json(value: Cbor) -> Result<Value, String> {
    Ok(match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(flag) => Value::Bool(flag),
        Cbor::Text(text) => Value::String(text),
        Cbor::Integer(integer) => {
            let integer = i128::from(integer);
            let number = i64::try_from(integer)
                .map(Number::from)
                .or_else(|_| u64::try_from(integer).map(Number::from))
                .map_err(|_| format!("integer {integer} is out of range"))?;
            Value::Number(number)
        }
        Cbor::Float(float) => Number::from_f64(float)
            .map(Value::Number)
            .ok_or_else(|| format!("{float} is not a number"))?,
        Cbor::Array(items) => {
            Value::Array(items.into_iter().map(to_json).collect::<Result<_, _>>()?)
        }
        Cbor::Map(entries) => {
            let mut members = Map::new();
            for (key, value) in entries {
                let Cbor::Text(key) = key else {
                    return Err("a map key is not text".to_owned());
                };
                members.insert(key, to_json(value)?);
            }
            Value::Object(members)
        }
        Cbor::Tag(EPOCH_TAG, inner) => to_json(*inner)?,
        Cbor::Tag(tag, _) => return Err(format!("tag {tag} is not expected")),
        Cbor::Bytes(_) => return Err("a byte string is not expected".to_owned()),
        other => return Err(format!("{other:?} is not expected")),
    })
}

/// `is_timestamp` says whether the member that holds this value is declared as one.
fn to_cbor(value: &Value, is_timestamp: bool) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(flag) => Cbor::Bool(*flag),
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Number(number) => {
            let plain = number_to_cbor(number);
            if is_timestamp {
                Cbor::Tag(EPOCH_TAG, Box::new(plain))
            } else {
                plain
            }
        }
        Value::Array(items) => Cbor::Array(
            items
                .iter()
                .map(|item| to_cbor(item, is_timestamp))
                .collect(),
        ),
        Value::Object(members) => Cbor::Map(
            members
                .iter()
                .map(|(key, value)| {
                    let is_timestamp = TIMESTAMPS.contains(&key.as_str());
                    (Cbor::Text(key.clone()), to_cbor(value, is_timestamp))
                })
                .collect(),
        ),
    }
}

fn number_to_cbor(number: &Number) -> Cbor {
    if let Some(integer) = number.as_i64() {
        Cbor::Integer(integer.into())
    } else if let Some(integer) = number.as_u64() {
        Cbor::Integer(integer.into())
    } else {
        Cbor::Float(number.as_f64().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_indefinite_map_with_a_tagged_timestamp_is_read() {
        // {_ "Name": (_ "c", "fd"), "StartTime": 1(1.5), "Names": [_ "a"]}
        let mut body = b"\xbf\x64Name\x7f\x61c\x62fd\xff\x69StartTime\xc1\xfb".to_vec();
        body.extend(1.5_f64.to_be_bytes());
        body.extend(b"\x65Names\x9f\x61a\xff\xff");
        assert_eq!(
            decode(&body).unwrap(),
            json!({"Name": "cfd", "StartTime": 1.5, "Names": ["a"]})
        );
    }

    #[test]
    fn a_timestamp_is_tagged_by_its_name_and_nothing_else_is() {
        let body = encode(&json!({"CreatedTime": 7, "Desired": 7}));
        assert_eq!(body, b"\xa2\x6bCreatedTime\xc1\x07\x67Desired\x07");
    }

    #[test]
    fn a_document_survives_a_round_trip() {
        let document = json!({
            "Fleets": [{"Name": "ä", "CreatedTime": 1.590_395_603_645e9, "FleetErrors": [],
                        "MaxUserDurationInSeconds": 57600, "EnableDefaultInternetAccess": false}],
            "NextToken": null, "Negative": -3, "Large": u64::MAX,
        });
        assert_eq!(decode(&encode(&document)).unwrap(), document);
    }

    #[test]
    fn what_is_not_one_map_is_refused() {
        for body in [
            &b"\x80"[..],
            b"\xa0\xa0",
            b"\xa1\x01\x02",
            b"\xbf",
            b"\xa1\x61a\x41x",
        ] {
            assert!(decode(body).is_err(), "{body:x?} was accepted");
        }
    }
}
