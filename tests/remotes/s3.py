"""An S3 server on this machine, which has one bucket and verifies signatures.

Its packages are optional, and are imported only when it is started.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_POLICY = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*"}}


@dataclass(frozen=True)
class Server:
    """Address and credentials of a running S3 server.

    Args:
        url: URL of the server.
        key_id: ID of the access key that it accepts.
        secret_key: Secret part of this access key.
    """

    url: str
    key_id: str
    secret_key: str


@contextmanager
def s3_server(bucket: str) -> Iterator[Server]:
    """Serve one bucket on a free port of 127.0.0.1, for one new access key."""
    import boto3
    import requests
    from moto.core import enable_iam_authentication
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        # moto keeps its state beyond the life of a server.
        requests.post(f"{url}/moto-api/reset", timeout=30).raise_for_status()
        # Until authentication is enabled, any key is accepted.
        session = boto3.Session("setup", "setup", region_name="us-east-1")
        session.client("s3", endpoint_url=url).create_bucket(Bucket=bucket)
        iam = session.client("iam", endpoint_url=url)
        iam.create_user(UserName="someone")
        iam.put_user_policy(UserName="someone", PolicyName="s3", PolicyDocument=json.dumps(_POLICY))
        key = iam.create_access_key(UserName="someone")["AccessKey"]
        with enable_iam_authentication():
            yield Server(url, key["AccessKeyId"], key["SecretAccessKey"])
    finally:
        server.stop()
