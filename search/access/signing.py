"""Signing in at the provider, and out again."""

from __future__ import annotations

import re
import time

from flask import (
    Blueprint,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as BaseResponse

from search.access.gate import EXTENSION, Gate
from search.access.provider import Provider, ProviderSilent, SignInRefused, is_same_issuer
from search.access.refusals import NoProvider
from search.access.rights import NOBODY, public
from search.access.sessions import SIGN_IN_SECONDS, Session, Sessions
from search.service import service

blueprint = Blueprint("access", __name__)
_LONGEST_BACK = 1000


class SignInFailed(Forbidden):
    """A sign-in did not come about; why stands in the audit log only."""

    message = "没有登录成功：登录的结果对不上、用过了，或者过了时间。回到检索页，重新登录一次。"


@blueprint.get("/sign-in/")
@public
def sign_in() -> BaseResponse:
    """Sends the browser to the provider."""
    gate, provider, sessions = _parts()
    try:
        there, begun = provider.begin(
            url_for("access.returned", _external=True), safe_address(request.args.get("to", ""))
        )
    except ProviderSilent as error:
        raise NoProvider from error
    except SignInRefused as refused:
        raise _failed(gate, str(refused)) from None
    response = make_response(redirect(there))
    sessions.set_begun(request, response, begun)
    return response


@blueprint.get("/sign-in/return")
@public
def returned() -> BaseResponse:
    """Where the provider sends the browser back to."""
    gate, provider, sessions = _parts()
    state = request.args.get("state", "")
    begun = sessions.begun(request, state)
    if begun is None:
        raise _failed(gate, "state does not fit")
    if not gate.spend(f"state:{state}", SIGN_IN_SECONDS):
        raise _failed(gate, "state was used before")
    issuer = request.args.get("iss", gate.access.oidc.issuer)
    if not is_same_issuer(issuer, gate.access.oidc.issuer):
        raise _failed(gate, f"iss {issuer}")
    if "error" in request.args or "code" not in request.args:
        raise _failed(gate, f"provider says {request.args.get('error', 'nothing')}")
    try:
        person = provider.person(request.args["code"], begun)
    except ProviderSilent as error:
        raise NoProvider from error
    except SignInRefused as refused:
        raise _failed(gate, str(refused)) from None
    former = gate.session(request)
    if former:
        _end(gate, former)
    session = sessions.begin(person.name, gate.groups(person.groups))
    gate.audit.note(
        "sign_in", session.name, "oidc", request.remote_addr or "", " ".join(session.groups)
    )
    response = make_response(redirect(begun.back, 303))
    sessions.set_session(request, response, session, begun)
    return response


@blueprint.post("/sign-out/")
@public
def sign_out() -> BaseResponse:
    """Ends a session, here and wherever else its cookie is."""
    gate, _, sessions = _parts()
    session = gate.session(request)
    if session:
        _end(gate, session)
        gate.audit.note("sign_out", session.name, "oidc", request.remote_addr or "")
    response = make_response(redirect("/sign-out/", 303))
    sessions.end(request, response)
    # What the browser kept of our pages goes, too: the seat is somebody else's next.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@blueprint.get("/sign-out/")
@public
def signed_out() -> str:
    """Says that they are signed out, and where else they may have to be."""
    _, provider, _ = _parts()
    g.reader = NOBODY
    return render_template(
        "signed-out.html", title=service().config.title, provider=provider.end_address()
    )


def safe_address(wanted: str) -> str:
    r"""The page to go back to: one of this service, whatever was asked for.

    Browsers read a backslash as a slash and leave out tabs and line ends, so that ``/\host`` leads
    to another host; what has any of these is not gone back to.
    """
    if (
        len(wanted) > _LONGEST_BACK
        or not re.fullmatch(r"/([^/\\\x00-\x20\x7f][^\\\x00-\x20\x7f]*)?", wanted)
        or wanted.startswith(("/sign-in", "/sign-out"))
    ):
        return "/"
    return wanted


def _parts() -> tuple[Gate, Provider, Sessions]:
    gate: Gate = current_app.extensions[EXTENSION]
    if gate.provider is None or gate.sessions is None:
        raise LookupError("people do not sign in here")
    return gate, gate.provider, gate.sessions


def _end(gate: Gate, session: Session) -> None:
    gate.spend(f"session:{session.id}", max(1, session.until - int(time.time()) + 1))


def _failed(gate: Gate, why: str) -> SignInFailed:
    gate.audit.note("sign_in_refused", "", "oidc", request.remote_addr or "", why)
    return SignInFailed(SignInFailed.message)
