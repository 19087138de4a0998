"""A provider that lies, or that somebody stands in for: no ID token that does not hold lets in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry
from werkzeug.test import TestResponse

from search.access.gate import EXTENSION
from search.access.provider import Provider
from tests.search.access.conftest import ROLES, NewApp, audited, gate_of

pytestmark = pytest.mark.xdist_group("oidc")
CLIENT = "casebook-0"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
OTHER = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
ANY = RSAKey.import_key(
    {name: value for name, value in KEY.as_dict(private=True).items() if name != "alg"}
)
CURVE = ECKey.generate_key("P-256", {"kid": "two", "use": "sig", "alg": "ES256"})
Claims = dict[str, Any]


class Liar:
    """A provider that answers whatever it is told to.

    Attributes:
        issuer: its address.
        metadata: what it says of itself beyond the usual.
        keys: what it publishes.
        answer: what it gives for a code.
        asked: the bodies of requests for a token.
    """

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.metadata: dict[str, Any] = {}
        self.keys: Any = {"keys": [KEY.as_dict(private=False), CURVE.as_dict(private=False)]}
        self.answer: Any = {}
        self.status = 200
        self.asked: list[dict[str, list[str]]] = []

    def page(self, path: str, body: str) -> Any:
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
                **self.metadata,
            }
        if path == "/jwks":
            return self.keys
        self.asked.append(parse_qs(body))
        return self.answer


@contextmanager
def serving(liar_of: Callable[[str], Liar]) -> Iterator[Liar]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply("")

        def do_POST(self) -> None:
            self.reply(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def reply(self, body: str) -> None:
            content = json.dumps(liar.page(self.path, body)).encode()
            self.send_response(liar.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        liar = liar_of(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield liar
        server.shutdown()
        thread.join()


@pytest.fixture
def liar() -> Iterator[Liar]:
    with serving(Liar) as made:
        yield made


@pytest.fixture(scope="module")
def running(new_app: NewApp) -> Flask:
    return new_app("oidc", **ROLES)


@pytest.fixture
def app(running: Flask, liar: Liar) -> Flask:
    """A service whose people sign in at the liar."""
    gate = gate_of(running)
    settings = gate.access.oidc.model_copy(update={"issuer": liar.issuer, "client_id": CLIENT})
    access = gate.access.model_copy(update={"oidc": settings})
    gate.access, gate.provider = access, Provider(settings)
    running.extensions[EXTENSION] = gate
    return running


def claims_of(liar: Liar, nonce: str) -> Claims:
    now = int(time.time())
    return {
        "iss": liar.issuer,
        "aud": CLIENT,
        "sub": "ying",
        "iat": now,
        "exp": now + 300,
        "nonce": nonce,
        "groups": ["seats"],
    }


def signed(claims: Claims, key: Any = KEY, **header: Any) -> str:
    registry = JWSRegistry(algorithms=["RS256", "ES256", "PS256"], strict_check_header=False)
    return jwt.encode({"alg": "RS256", "kid": "one", **header}, claims, key, registry=registry)


def encoded(part: Any) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def by_hmac(claims: Claims, key: bytes, **header: str) -> str:
    """A token that is signed with what everybody can read, the public key."""
    body = f"{encoded({'alg': 'HS256', **header})}.{encoded(claims)}"
    return f"{body}.{encoded(hmac.digest(key, body.encode(), 'sha256'))}"


def unsigned(claims: Claims, alg: str, signature: str = "") -> str:
    return f"{encoded({'alg': alg, 'kid': 'one'})}.{encoded(claims)}.{signature}"


def by_hand(claims: Claims) -> str:
    """A token with a good signature, that says that who does not know ``x`` must refuse it."""
    header = {"alg": "RS256", "kid": "one", "crit": ["x"], "x": "y"}
    body = f"{encoded(header)}.{encoded(claims)}"
    signature = KEY.private_key.sign(body.encode(), PKCS1v15(), SHA256())
    return f"{body}.{encoded(signature)}"


def half_hash(text: str) -> str:
    return encoded(hashlib.sha256(text.encode()).digest()[:16])


def sign_in(app: Flask, liar: Liar, make: Callable[[Claims], Any]) -> TestResponse:
    """Signs somebody in with the token that is made of good claims."""
    client = app.test_client()
    there = client.get("/sign-in/").headers["Location"]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
    token = make(claims_of(liar, asked["nonce"]))
    liar.answer = {"access_token": "a", "token_type": "Bearer", "id_token": token}
    if token is None:
        del liar.answer["id_token"]
    response = client.get("/sign-in/return", query_string={"code": "c", "state": asked["state"]})
    entered = client.get("/api/openapi.json").status_code
    assert entered == (200 if response.status_code == 303 else 401)
    return response


GOOD: dict[str, Callable[[Claims], Any]] = {
    "RSA": signed,
    "elliptic curve": lambda claims: signed(claims, CURVE, alg="ES256", kid="two"),
    "PSS": lambda claims: signed(claims, ANY, alg="PS256"),
    "aud as a list": lambda claims: signed(claims | {"aud": [CLIENT]}),
    "with at_hash": lambda claims: signed(claims | {"at_hash": half_hash("a")}),
    "with azp": lambda claims: signed(claims | {"azp": CLIENT}),
    "one group, no list": lambda claims: signed(claims | {"groups": "seats"}),
    "a clock a little behind": lambda claims: signed(claims | {"exp": int(time.time()) - 20}),
}
BAD: dict[str, Callable[[Claims], Any]] = {
    "no token": lambda _: None,
    "not a token": lambda _: "令牌",
    "a number": lambda _: 1,
    "empty": lambda _: "",
    "alg none": lambda claims: unsigned(claims, "none"),
    "alg None": lambda claims: unsigned(claims, "None"),
    "alg empty": lambda claims: unsigned(claims, ""),
    "alg none with a signature": lambda claims: unsigned(
        claims, "none", signed(claims).split(".")[2]
    ),
    "HMAC with the public key": lambda claims: by_hmac(claims, KEY.as_pem(private=False)),
    "HMAC with the public key and its name": lambda claims: by_hmac(
        claims, KEY.as_pem(private=False), kid="one"
    ),
    "HMAC with the modulus": lambda claims: by_hmac(
        claims, str(KEY.as_dict(private=False)["n"]).encode(), kid="one"
    ),
    "HMAC with the client's name": lambda claims: by_hmac(claims, CLIENT.encode()),
    "HMAC with nothing": lambda claims: by_hmac(claims, b""),
    "another key of the same name": lambda claims: signed(claims, OTHER),
    "its own key in the header": lambda claims: jwt.encode(
        {"alg": "RS256", "jwk": OTHER.as_dict(private=False)}, claims, OTHER
    ),
    "a key from elsewhere": lambda claims: signed(
        claims, OTHER, kid="three", jku="https://evil.example/jwks"
    ),
    "an unknown key": lambda claims: signed(claims, OTHER, kid="three"),
    "claims swapped": lambda claims: ".".join(
        (
            signed(claims).split(".")[0],
            encoded(claims | {"sub": "lan"}),
            signed(claims).split(".")[2],
        )
    ),
    "signature cut": lambda claims: signed(claims)[:-20],
    "no signature": lambda claims: signed(claims).rpartition(".")[0] + ".",
    "another issuer": lambda claims: signed(claims | {"iss": "https://evil.example"}),
    "issuer with a slash": lambda claims: signed(claims | {"iss": claims["iss"] + "/"}),
    "no issuer": lambda claims: signed({**claims, "iss": None}),
    "for another client": lambda claims: signed(claims | {"aud": "another"}),
    "for another client, by us": lambda claims: signed(claims | {"aud": "another", "azp": CLIENT}),
    "for others, too": lambda claims: signed(claims | {"aud": [CLIENT, "another"], "azp": CLIENT}),
    "for us, by another": lambda claims: signed(claims | {"azp": "another"}),
    "for nobody": lambda claims: signed(claims | {"aud": []}),
    "expired": lambda claims: signed(claims | {"exp": int(time.time()) - 600}),
    "expired as text": lambda claims: signed(claims | {"exp": "9999999999"}),
    "not yet": lambda claims: signed(claims | {"nbf": int(time.time()) + 600}),
    "from the future": lambda claims: signed(claims | {"iat": int(time.time()) + 600}),
    "nonce of another": lambda claims: signed(claims | {"nonce": "another"}),
    "nonce empty": lambda claims: signed(claims | {"nonce": ""}),
    "at_hash of another": lambda claims: signed(claims | {"at_hash": half_hash("b")}),
    "name is no text": lambda claims: signed(claims | {"sub": 7}),
    "name is empty": lambda claims: signed(claims | {"sub": " "}),
    "groups are no list": lambda claims: signed(claims | {"groups": {"seats": True}}),
    "critical what nobody knows": by_hand,
}
for _name in ("iss", "aud", "exp", "iat", "nonce", "sub"):
    BAD[f"without {_name}"] = lambda claims, name=_name: signed(
        {key: value for key, value in claims.items() if key != name}
    )


@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD)
def test_a_token_that_holds_lets_in(app: Flask, liar: Liar, make: Callable[[Claims], Any]) -> None:
    if make is GOOD["PSS"]:
        liar.keys = {"keys": [ANY.as_dict(private=False)]}
    assert sign_in(app, liar, make).status_code == 303
    assert liar.asked[0]["code_verifier"][0]


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_a_token_that_does_not_hold_lets_nobody_in(
    app: Flask, liar: Liar, make: Callable[[Claims], Any]
) -> None:
    response = sign_in(app, liar, make)
    assert response.status_code == 403
    assert "没有登录成功" in response.text
    assert audited(app)[-1]["event"] == "sign_in_refused"


@pytest.mark.parametrize(
    ("keys", "make"),
    [
        ({"keys": [{"kty": "oct", "k": encoded(b"k" * 32), "kid": "one"}]}, by_hmac),
        ({"keys": []}, None),
        ({}, None),
        ([], None),
        ("keys", None),
    ],
    ids=["a shared secret", "none", "nothing", "a list", "text"],
)
def test_keys_that_are_none(
    app: Flask, liar: Liar, keys: Any, make: Callable[..., str] | None
) -> None:
    liar.keys = keys
    token = signed if make is None else lambda claims: by_hmac(claims, b"k" * 32, kid="one")
    assert sign_in(app, liar, token).status_code == 403


def test_a_provider_that_offers_only_what_proves_nothing(app: Flask, liar: Liar) -> None:
    liar.metadata = {"id_token_signing_alg_values_supported": ["none", "HS256"]}
    for name, make in BAD.items():
        if "none" in name or "HMAC" in name:
            assert sign_in(app, liar, make).status_code == 403


def test_a_key_that_is_new_there_is_fetched(app: Flask, liar: Liar) -> None:
    assert sign_in(app, liar, signed).status_code == 303
    fresh = RSAKey.generate_key(2048, {"kid": "fresh", "use": "sig", "alg": "RS256"})
    liar.keys = {"keys": [fresh.as_dict(private=False)]}
    assert sign_in(app, liar, lambda claims: signed(claims, fresh, kid="fresh")).status_code == 303


@pytest.mark.parametrize("issuer", ["https://evil.example", "", None])
def test_metadata_of_another_issuer(app: Flask, liar: Liar, issuer: str | None) -> None:
    liar.metadata = {"issuer": issuer}
    refused = app.test_client().get("/sign-in/")
    assert refused.status_code == 403
    liar.metadata = {}
    assert sign_in(app, liar, signed).status_code == 303


def test_an_issuer_that_ends_in_a_slash(app: Flask, liar: Liar) -> None:
    liar.metadata = {"issuer": f"{liar.issuer}/"}
    slashed = f"{liar.issuer}/"
    assert sign_in(app, liar, lambda claims: signed(claims | {"iss": slashed})).status_code == 303
    assert sign_in(app, liar, signed).status_code == 403


def test_a_provider_that_does_not_answer_is_named(app: Flask, liar: Liar) -> None:
    liar.status = 500
    response = app.test_client().get("/sign-in/")
    assert response.status_code == 502
    assert "连不上统一登录" in response.text


@pytest.mark.parametrize("answer", [{}, [], "x", None, {"error": "invalid_grant"}, {"id_token": 1}])
def test_an_answer_that_is_none(app: Flask, liar: Liar, answer: Any) -> None:
    client = app.test_client()
    there = client.get("/sign-in/").headers["Location"]
    state = parse_qs(urlsplit(there).query)["state"][0]
    liar.answer = answer
    query = {"code": "c", "state": state}
    assert client.get("/sign-in/return", query_string=query).status_code == 403
