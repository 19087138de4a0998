"""Where drafts go: the settings' git host in the CMS's words, and the hosts that a page may ask."""

from __future__ import annotations

from typing import Any

from casebook.settings import EditorSettings

_LOCAL = "http://127.0.0.1:8081/api/v1"
_GITHUB_API = "https://api.github.com"
_GITLAB = "https://gitlab.com"


def backend(editor: EditorSettings) -> dict[str, Any]:
    """The CMS's configuration of a backend."""
    shared = {
        "branch": editor.branch,
        "commit_messages": {
            "create": "{{collection}}：新增 {{slug}}",
            "update": "{{collection}}：修改 {{slug}}",
        },
    }
    if editor.backend == "local":
        return {"name": "proxy", "proxy_url": editor.api_root or _LOCAL, **shared}
    shared["repo"] = editor.repo
    if editor.backend == "github":
        api_root = editor.api_root or _GITHUB_API
        return {"name": "github", "base_url": editor.base_url, "api_root": api_root, **shared}
    shared["app_id"] = editor.app_id
    host = editor.base_url or _GITLAB
    if editor.backend == "gitlab":
        api_root = editor.api_root or f"{host}/api/v4"
        sign_in = {"auth_type": "pkce", "base_url": host}
        return {"name": "gitlab", "api_root": api_root, **sign_in, **shared}
    # The CMS's own backend for Gitea knows no drafts; the one for Forgejo does, by the same calls.
    return {"name": "forgejo", "api_root": editor.api_root or f"{host}/api/v1", **shared}


def hosts(editor: EditorSettings) -> tuple[str, ...]:
    """The origins that the page must be able to ask: the API, and where a sign-in is completed."""
    chosen = backend(editor)
    addresses = [chosen.get("proxy_url"), chosen.get("api_root")]
    if editor.backend in ("gitlab", "gitea"):
        addresses.append(editor.base_url or _GITLAB)
    origins = ("/".join(address.split("/")[:3]) for address in addresses if address)
    return tuple(dict.fromkeys(origins))
