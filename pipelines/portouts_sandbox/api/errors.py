"""Error responses in the format of Telnyx: `{"errors": [{"code", "title", "detail"}]}`, with codes as strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response


class ApiError(Exception):
    """A response other than 2xx; `pointer` names the part of the request that caused it."""

    def __init__(self, status: int, code: str, title: str, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.title, self.detail, self.pointer = status, code, title, detail, pointer

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        """Return the HTTP response."""
        error: dict[str, Any] = {"code": self.code, "title": self.title, "detail": self.detail}
        if self.pointer is not None:
            error["source"] = {"pointer": self.pointer}
        body = orjson.dumps({"errors": [error]})
        return Response(body, self.status, headers=headers, media_type="application/json")


def missing_parameter(detail: str, pointer: str) -> ApiError:
    """Report that a required field is missing from the body."""
    return ApiError(422, "10004", "Missing required parameter", detail, pointer)


def not_found(detail: str) -> ApiError:
    """Report that something does not exist."""
    return ApiError(404, "10005", "Resource not found", detail)


def invalid_id(text: str) -> ApiError:
    """Report that an id is not a UUID."""
    return ApiError(422, "10006", "Invalid resource ID", f"'{text}' is not a valid id.")


def unauthenticated() -> ApiError:
    """Report that the key is missing or wrong, without saying which."""
    return ApiError(401, "10009", "Authentication failed", "The required authentication credentials were not valid.")


def forbidden(detail: str) -> ApiError:
    """Report that the key has no permission."""
    return ApiError(403, "10010", "Authorization failed", detail)


def too_many_requests() -> ApiError:
    """Report that the request exceeds the rate limit."""
    return ApiError(429, "10011", "Too many requests", "You have exceeded the maximum number of allowed requests.")


def bad_request(detail: str, pointer: str | None = None) -> ApiError:
    """Report that the body is invalid."""
    return ApiError(400, "10015", "Bad Request", detail, pointer)


def unprocessable(detail: str) -> ApiError:
    """Report that the status of the order does not allow the request."""
    return ApiError(422, "10027", "Unprocessable entity", detail)


def invalid_filter(name: str, detail: str) -> ApiError:
    """Report that a filter is unknown or its value is invalid."""
    return ApiError(422, "10031", "Invalid filter", detail, f"/{name}")


def invalid_choice(name: str, text: str, choices: frozenset[str]) -> ApiError:
    """Report that a value is not one of the allowed choices."""
    detail = f"'{text}' is not one of: {', '.join(sorted(choices))}."
    return ApiError(422, "10032", "Invalid enumerated value", detail, f"/{name}")


def out_of_range(name: str, text: str, limits: str) -> ApiError:
    """Report that a number is outside its limits."""
    return ApiError(422, "10033", "Value out of range", f"'{text}' must be a whole number {limits}.", f"/{name}")


async def error_response(_request: Request, error: Exception) -> Response:
    """Return the response to an ApiError, or to the router's own 404 or 405 in the same format."""
    if isinstance(error, ApiError):
        return error.response()
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 404:
        return not_found("The requested resource or URL could not be found.").response()
    return ApiError(error.status_code, "10015", "Bad Request", error.detail).response(error.headers)
