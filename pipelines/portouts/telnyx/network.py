"""How to reach the API: its address, the key, and the certificates and proxies of this machine's environment."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import httpx

from portouts.telnyx.defaults import BASE_URL

_AUTHORITY = re.compile(r"[0-9a-f]{8}\.\d+")  # OpenSSL looks an authority up by the hash of its subject
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)


class BearerAuth(httpx.Auth):
    """Send the key with each request. Nothing else in the package holds it, and it is never printed."""

    def __init__(self, api_key: str) -> None:
        self._key = api_key.strip()  # files and shells like to append a newline
        self._header = f"Bearer {self._key}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header
        yield request

    def redact(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text


def open_http(
    base_url: str, auth: httpx.Auth, max_concurrency: int, transport: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient:
    """Open connections to the API; the environment's proxies are used unless the API is on this machine."""
    return httpx.AsyncClient(
        base_url=base_url.rstrip("/") + "/",
        auth=auth,
        headers={"Accept": "application/json"},
        timeout=_TIMEOUT,
        transport=transport,
        trust_env=not is_loopback(base_url),  # a proxy would get the key in clear text
        verify=_certificates() if base_url.startswith("https") else _no_certificates(),
        limits=httpx.Limits(max_connections=max_concurrency, max_keepalive_connections=max_concurrency),
    )


def require_base_url(url: str, *, allow_insecure_http: bool = False) -> None:
    """Raise `ValueError`, which says what is wrong, unless this can be the base URL of the API."""
    if "@" in url:  # checked first: the other messages show the URL
        raise ValueError("must not hold a user or a password")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"must be the address of an API ({str(error).rstrip('.')}), not {url!r}") from None
    if parsed.scheme not in ("https", "http"):
        raise ValueError(f"must begin with https://, not {url!r}")
    if not parsed.host or parsed.query or parsed.fragment:
        raise ValueError(f"must be a scheme, a host and a path, such as {BASE_URL}, not {url!r}")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise ValueError(f"must name a port between 1 and 65535, not {url!r}")
    if parsed.scheme == "http" and not allow_insecure_http and not _is_loopback(parsed.host):
        raise ValueError(
            f"must begin with https://, not {url!r}: over http:// the API key can be read on its way. Only a host of "
            "this machine (127.0.0.1, localhost) may be asked so, unless allow_insecure_http = true"
        )


def require_certificates(environ: Mapping[str, str]) -> None:
    """Raise `ValueError`, which names the environment variable, unless its certificates can be used."""
    if keys := environ.get("SSLKEYLOGFILE"):
        _require_loadable("SSLKEYLOGFILE", keys, ssl.create_default_context)
    if file := environ.get("SSL_CERT_FILE"):
        _require_loadable("SSL_CERT_FILE", file, partial(ssl.create_default_context, cafile=file))
    elif (folders := environ.get("SSL_CERT_DIR")) and not _has_authorities(folders.split(os.pathsep)):
        raise ValueError(
            f"SSL_CERT_DIR={folders} holds no certificates under the names that `openssl rehash` gives them, so no "
            "server would be trusted. Correct or unset it."
        )


def _require_loadable(name: str, value: str, load: Callable[[], object]) -> None:
    try:
        load()
    except ssl.SSLError:
        raise ValueError(f"{name}={value} holds no certificate in PEM format. Correct or unset it.") from None
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else "unknown error"
        raise ValueError(f"{name}={value} cannot be used: {why}. Correct or unset it.") from None


def _has_authorities(folders: Iterable[str]) -> bool:
    with suppress(OSError):
        return any(_AUTHORITY.fullmatch(path.name) for folder in folders for path in Path(folder).iterdir())
    return False


def require_proxies(environ: Mapping[str, str]) -> None:
    """Raise `ValueError`, which names the environment variable, unless every proxy in the environment can be used."""
    for name, url in environ.items():
        if name.lower() not in _PROXY_VARIABLES or (name.lower() != name and name.lower() in environ):
            continue  # a name in lower case comes first
        if url and (problem := _problem_of_proxy(url)):
            raise ValueError(f"The proxy in {name} cannot be used: {problem}. Correct or unset it.")


def proxy_for(base_url: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the variable that names the proxy to an address, and the proxy's host and port; None without a proxy."""
    url = httpx.URL(base_url)
    by_name = {name.lower(): name for name in sorted(environ) if environ[name]}  # a name in lower case comes first
    spared = [part.strip() for part in environ.get(by_name.get("no_proxy", ""), "").split(",") if part.strip()]
    if is_loopback(base_url) or any(host == "*" or f".{url.host}".endswith(f".{host.lstrip('.')}") for host in spared):
        return None
    for wanted in (f"{url.scheme}_proxy", "all_proxy"):
        if name := by_name.get(wanted):
            proxy = environ[name]
            return name, httpx.URL(proxy if "://" in proxy else f"http://{proxy}").netloc.decode()
    return None


def _problem_of_proxy(url: str) -> str | None:
    """Return why a proxy cannot be used, or None. Its address may hold a password and is never shown."""
    try:
        proxy = httpx.Proxy(url if "://" in url else f"http://{url}")
        if not proxy.url.host:
            return "it names no host"
        if proxy.url.port is not None and not 0 < proxy.url.port < 65536:
            return f"its port is {proxy.url.port}, not between 1 and 65535"
        httpx.AsyncHTTPTransport(proxy=proxy, verify=_no_certificates())
    except ImportError:
        return "a SOCKS proxy needs the package socksio (pip install 'httpx[socks]')"
    except httpx.InvalidURL as error:
        return "its port is no number" if "port" in str(error).lower() else "it is no address of a proxy"
    except ValueError:
        return "it must begin with http://, https://, socks5:// or socks5h://"
    return None


def is_loopback(base_url: str) -> bool:
    """Return whether an address is one of this machine."""
    return _is_loopback(httpx.URL(base_url).host)


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


@cache
def _certificates() -> ssl.SSLContext:
    """Load the authorities to trust, once: reading the file takes as long as many requests."""
    return httpx.create_ssl_context()


@cache
def _no_certificates() -> ssl.SSLContext:
    """Trust no authority: over http there is no certificate to check."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
