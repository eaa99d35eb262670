"""Sends requests that no SDK would send, and looks at the bytes that come back."""

import http.client
import json
import urllib.parse

import botocore.parsers

APPSTREAM = "PhotonAdminProxyService"
SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=AKIA/20261124/eu-west-1/appstream/aws4_request, "
    "SignedHeaders=host, Signature=00"
)
JSON = {"content-type": "application/x-amz-json-1.1"}
CBOR = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}


def check(tally, url):
    address = urllib.parse.urlsplit(url).netloc
    for what, request, expected in cases():
        found = compare(send(address, **request), expected)
        tally.note(f"raw: {what}", found)


def cases():
    """What is sent, and the status and `__type` that must come back."""
    signed = {"authorization": SIGNATURE}
    list_fleets = {"x-amz-target": f"{APPSTREAM}.DescribeFleets"}
    operation = f"/service/{APPSTREAM}/operation"
    cbor = "com.amazonaws.appstream#"
    yield (
        "unsigned JSON",
        {"headers": JSON | list_fleets, "body": b"{}"},
        (400, "MissingAuthenticationTokenException"),
    )
    yield (
        "unsigned CBOR",
        {"path": f"{operation}/DescribeFleets", "headers": CBOR, "body": b"\xa0"},
        (400, f"{cbor}MissingAuthenticationTokenException"),
    )
    yield (
        "an operation that does not exist",
        {"headers": JSON | signed | {"x-amz-target": f"{APPSTREAM}.Fly"}, "body": b"{}"},
        (400, "UnknownOperationException"),
    )
    yield (
        "JSON that is none",
        {"headers": JSON | signed | list_fleets, "body": b"{"},
        (400, "SerializationException"),
    )
    yield (
        "an indefinite CBOR map",
        {
            "path": f"{operation}/DescribeFleets",
            "headers": CBOR | signed,
            "body": b"\xbf\x65Names\x9f\x64none\xff\xff",
        },
        (404, f"{cbor}ResourceNotFoundException"),
    )
    yield (
        "the same in JSON",
        {"headers": JSON | signed | list_fleets, "body": b'{"Names": ["none"]}'},
        (400, "ResourceNotFoundException"),
    )


def send(address, path="/", headers=None, body=b""):
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.getheader("content-type"), response.read()
    finally:
        connection.close()


def compare(answer, expected):
    status, content_type, body = answer
    if content_type == "application/cbor":
        parser = botocore.parsers.RpcV2CBORParser()
        document = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))
    else:
        document = json.loads(body)
    got = (status, document.get("__type"))
    return [] if got == expected else [f"{got} instead of {expected}"]
