"""Compares what was on the wire with what botocore's model declares."""

import datetime
import re

# What real AWS returns although its own model does not declare it.
UNDECLARED_MEMBERS = {
    # Seen in a real DescribeFleets answer (boto/botocore issue 2059).
    "ComputeCapacityStatus.Reserved",
}

# Values outside a declared enumeration that real AWS is known to use.
UNDECLARED_VALUES = {
    # hashicorp/terraform-provider-aws issues 25590 and 32958.
    ("ImageState", "DEPRECATED"),
}


def faults(value, shape, timestamp, path=""):
    """Everything in which a decoded document differs from its shape.

    `timestamp` is the type that a timestamp has on the wire: a number in JSON, a tagged time in
    CBOR.
    """
    where = path or shape.name
    if value is None:
        return [f"{where}: is null; AWS leaves out what is unset"]
    kind = shape.type_name
    if kind == "structure":
        return _structure(value, shape, timestamp, where)
    if kind == "list":
        if not isinstance(value, list):
            return [f"{where}: {type(value).__name__} instead of a list"]
        found = []
        for index, item in enumerate(value):
            found += faults(item, shape.member, timestamp, f"{where}[{index}]")
        return found
    if kind == "map":
        if not isinstance(value, dict):
            return [f"{where}: {type(value).__name__} instead of a map"]
        found = []
        for key, item in value.items():
            found += faults(key, shape.key, timestamp, f"{where} key")
            found += faults(item, shape.value, timestamp, f"{where}.{key}")
        return found
    return _scalar(value, shape, timestamp, where)


def _structure(value, shape, timestamp, where):
    if not isinstance(value, dict):
        return [f"{where}: {type(value).__name__} instead of a structure"]
    found = []
    for member in shape.required_members:
        if member not in value:
            found.append(f"{where}: {member} is required and missing")
    for member, item in value.items():
        if member in shape.members:
            found += faults(item, shape.members[member], timestamp, f"{where}.{member}")
        elif f"{shape.name}.{member}" not in UNDECLARED_MEMBERS:
            found.append(f"{where}: {member} is not in the model")
    return found


def _scalar(value, shape, timestamp, where):
    kind = shape.type_name
    expected = {
        "string": str,
        "character": str,
        "boolean": bool,
        "integer": int,
        "long": int,
        "float": (int, float),
        "double": (int, float),
        "timestamp": timestamp,
    }[kind]
    # In Python a bool is an int; on the wire it is not.
    is_bool = isinstance(value, bool)
    if not isinstance(value, expected) or (is_bool and kind != "boolean"):
        return [f"{where}: {type(value).__name__} instead of a {kind}"]
    if kind == "string":
        return _string(value, shape, where)
    return []


def _string(value, shape, where):
    if shape.enum and value not in shape.enum:
        if (shape.name, value) not in UNDECLARED_VALUES:
            return [f"{where}: {value!r} is not among {shape.name}'s values"]
    if len(value) < shape.metadata.get("min", 0):
        return [f"{where}: {value!r} is shorter than {shape.name} allows"]
    if len(value) > shape.metadata.get("max", len(value)):
        return [f"{where}: {value!r} is longer than {shape.name} allows"]
    pattern = shape.metadata.get("pattern")
    # Surrogate pairs and Unicode's classes are beyond Python's engine.
    is_known = pattern and "\\p{" not in pattern and "\\uD800" not in pattern
    if is_known and not re.search(pattern, value):
        return [f"{where}: {value!r} does not match {shape.name}'s pattern {pattern}"]
    return []


#: What a timestamp is after decoding, by protocol.
WIRE_TIMESTAMP = {"json": (int, float), "smithy-rpc-v2-cbor": datetime.datetime}
