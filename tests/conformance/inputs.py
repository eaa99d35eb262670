"""Compares what the simulator accepts as input with what botocore's model declares."""

import json
import subprocess

#: Bounds that are none: the least and the greatest number the simulator can say.
UNBOUNDED = 2**63 - 1
#: A pattern that matches everything.
ANYTHING = "[\\s\\S]*"

#: Differences that are meant, each with its reason.
MEANT = {
    # AWS added it after the release of the Rust SDK that the project uses.
    "CreateStack: WebAuthnRedirection is missing",
    "UpdateStack: WebAuthnRedirection is missing",
    "UpdateStack.AttributesToDelete[]: WEB_AUTHN_REDIRECTION is missing",
    # In the API reference, but not in the model.
    "ListBuckets.ContinuationToken: max is 1024, AWS's None",
    # What narrows a session down, which nothing here evaluates.
    *(
        f"AssumeRole: {member} is missing"
        for member in (
            *("PolicyArns", "Policy", "Tags", "TransitiveTagKeys", "SerialNumber"),
            *("TokenCode", "SourceIdentity", "ProvidedContexts", "MinimumSessionTokenSize"),
        )
    ),
    # Tags of targets and suspended scaling, which nothing here looks at.
    "RegisterScalableTarget: SuspendedState is missing",
    "RegisterScalableTarget: Tags is missing",
    # Without a name IAM answers about the one who asks, which nothing here does.
    "GetUser.UserName: required is True",
    # Headers that guard the body on its way, which the HTTP front deals with.
    "PutBucketPolicy: ChecksumAlgorithm is missing",
    "PutBucketPolicy: ContentMD5 is missing",
    "PutBucketEncryption: ChecksumAlgorithm is missing",
    "PutBucketEncryption: ContentMD5 is missing",
    "PutBucketOwnershipControls: ChecksumAlgorithm is missing",
    "PutBucketOwnershipControls: ContentMD5 is missing",
    # Refuses uploads by encryption, and there are no objects here.
    "PutBucketEncryption.ServerSideEncryptionConfiguration.Rules[]: BlockedEncryptionTypes is missing",
}


def check(tally, binary, client_of, services):
    """One check for each operation: its whole input, down to the last pattern."""
    printed = subprocess.run([binary, "--input-model"], check=True, capture_output=True, text=True)
    for service, operations in json.loads(printed.stdout).items():
        model = client_of(services[service]).meta.service_model
        for operation, members in operations.items():
            shape = model.operation_model(operation).input_shape
            ours = {"type": "structure", "members": members}
            found = [one for one in differences(ours, shape, operation) if one not in MEANT]
            tally.note(f"input of {service} {operation}", found)


def differences(ours, shape, where):
    """Everything in which an input of ours differs from AWS's."""
    if shape is None:
        return [f"{where}: AWS has no input"] if ours["members"] else []
    kind = "integer" if shape.type_name == "long" else shape.type_name
    if ours["type"] != kind:
        return [f"{where}: {ours['type']} instead of {kind}"]
    if kind == "structure":
        return structure_differences(ours, shape, where)
    found = bound_differences(ours, shape, where)
    if kind == "list":
        found += differences(ours["member"], shape.member, f"{where}[]")
    elif kind == "map":
        found += differences(ours["key"], shape.key, f"{where} key")
        found += differences(ours["value"], shape.value, f"{where} value")
    elif kind == "string":
        found += string_differences(ours, shape, where)
    return found


def structure_differences(ours, shape, where):
    found = []
    for name in sorted(set(ours["members"]) | set(shape.members)):
        if name not in shape.members:
            found.append(f"{where}: AWS has no {name}")
        elif name not in ours["members"]:
            found.append(f"{where}: {name} is missing")
        else:
            member = ours["members"][name]
            required = name in shape.required_members
            if member["required"] != required:
                found.append(f"{where}.{name}: required is {member['required']}")
            found += differences(member, shape.members[name], f"{where}.{name}")
    return found


def bound_differences(ours, shape, where):
    found = []
    for bound, none in (("min", lambda value: value <= 0), ("max", lambda value: False)):
        mine, theirs = ours.get(bound), shape.metadata.get(bound)
        if mine is not None and (none(mine) or abs(mine) >= UNBOUNDED):
            mine = None
        if theirs is not None and none(theirs):
            theirs = None
        if mine != theirs:
            found.append(f"{where}: {bound} is {mine}, AWS's {theirs}")
    return found


def string_differences(ours, shape, where):
    mine, theirs = set(ours.get("enum", [])), set(shape.enum)
    found = [f"{where}: {value} is missing" for value in sorted(theirs - mine)]
    found += [f"{where}: AWS has no {value}" for value in sorted(mine - theirs)]
    mine, theirs = ours.get("pattern"), shape.metadata.get("pattern")
    if theirs == ANYTHING or theirs and "enum" in ours:
        theirs = None
    if mine != theirs:
        found.append(f"{where}: pattern is {mine}, AWS's {theirs}")
    return found
