"""Starts the simulator, and makes boto3 clients that show what was on the wire."""

import json
import re
import subprocess
import threading
import time

import boto3.session
import botocore.config
import botocore.loaders
import botocore.parsers
import botocore.session

import shapes

REGION = "eu-west-1"
CREDENTIALS = {"aws_access_key_id": "AKIASIMULATED0000000", "aws_secret_access_key": "simulated"}

#: How long the simulator may take to say where it listens.
START_SECONDS = 20


class Simulator:
    """A running simulator; `with` stops it."""

    def __init__(self, binary, *arguments):
        self.process = subprocess.Popen(
            [binary, "--listen", "127.0.0.1:0", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        guard = threading.Timer(START_SECONDS, self.process.kill)
        guard.start()
        line = self.process.stdout.readline()
        guard.cancel()
        match = re.fullmatch(r"listening on (http://\S+)\n", line)
        if not match:
            self.process.kill()
            raise SystemExit(f"the simulator did not start: {line!r}")
        self.url = match[1]

    def command(self, line):
        """Tells the simulator what AWS's API has no operation for."""
        print(line, file=self.process.stdin, flush=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)


class OneProtocolLoader(botocore.loaders.Loader):
    """Loads service models as if the service spoke only one of its protocols."""

    def __init__(self, protocol, **arguments):
        super().__init__(**arguments)
        self.protocol = protocol

    def load_service_model(self, service_name, type_name, api_version=None):
        model = super().load_service_model(service_name, type_name, api_version)
        if type_name == "service-2" and self.protocol in model["metadata"].get("protocols", []):
            model["metadata"] |= {"protocol": self.protocol, "protocols": [self.protocol]}
        return model


class Wire:
    """Clients of one simulator that speak one protocol, and a record of their last answer."""

    def __init__(self, url, protocol):
        self.url = url
        self.protocol = protocol
        self.last = None
        session = botocore.session.Session()
        session.register_component("data_loader", OneProtocolLoader(protocol))
        self.session = boto3.session.Session(botocore_session=session)

    def client(self, service, region=REGION):
        client = self.session.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            config=botocore.config.Config(
                retries={"total_max_attempts": 1, "mode": "standard"},
                s3={"addressing_style": "path"},
                connect_timeout=5,
                read_timeout=20,
            ),
            **CREDENTIALS,
        )
        client.meta.events.register("before-parse", self._record)
        return client

    def _record(self, operation_model, response_dict, **_):
        self.last = Answer(operation_model, response_dict)


class Answer:
    """A response before botocore made anything of it."""

    def __init__(self, operation_model, response):
        self.operation = operation_model
        self.protocol = operation_model.service_model.resolved_protocol
        self.status = response["status_code"]
        self.headers = response["headers"]
        self.body = response["body"]

    @property
    def request_id(self):
        return self.headers.get("x-amzn-requestid") or self.headers.get("x-amz-request-id")

    def document(self):
        """The body, decoded but not interpreted; `None` for XML."""
        if self.protocol == "json":
            return json.loads(self.body)
        if self.protocol == "smithy-rpc-v2-cbor":
            parser = botocore.parsers.RpcV2CBORParser()
            return parser.parse_data_item(parser.get_peekable_stream_from_bytes(self.body))
        return None

    def faults(self):
        """Everything in which a success differs from the model."""
        found = []
        if not self.request_id:
            found.append("no request id")
        if not 200 <= self.status < 300:
            found.append(f"HTTP {self.status}")
        found += self._header_faults()
        document = self.document()
        shape = self.operation.output_shape
        if document is not None and shape is not None:
            found += shapes.faults(document, shape, shapes.WIRE_TIMESTAMP[self.protocol])
        return found

    def _header_faults(self):
        expected = {
            "json": {"content-type": "application/x-amz-json-1.1"},
            "smithy-rpc-v2-cbor": {
                "content-type": "application/cbor",
                "smithy-protocol": "rpc-v2-cbor",
            },
        }.get(self.protocol, {})
        return [
            f"{name}: {self.headers.get(name)!r} instead of {value!r}"
            for name, value in expected.items()
            if self.headers.get(name) != value
        ]


def wait_for(predicate, seconds=20):
    """Looks again until the predicate holds; `False` when it does not come to hold in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if predicate():
            return True
        time.sleep(0.02)
    return False
