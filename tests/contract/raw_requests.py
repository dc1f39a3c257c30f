"""Hostile requests to every operation, made of its document and a seed: bodies, headers, paths, queries, encodings."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.contract.gateway import event
from tests.contract.world import World, operations

TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\r\nx-evil: 1",
    "\x1b[31m",
    "\u202e\u2066",
    "\ufffd",
    "\ufffe\uffff",
    "\uff19",
    "\u0663",
    "\u00e4\u0308\u0323" * 50,
    "\N{GRINNING FACE}" * 300,
    "a" * 65,
    "a" * 257,
    "a" * 100_000,
    "%00%ff%zz",
    "../../../../etc/passwd",
    "{{7*7}}${jndi:ldap://a}",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "http://[",
    "https://[::1]:99999/\u00e4",
    "https://a@b:c@d/",
    "s3://recordings/orgs/globex",
    "ORG#globex#REC#rec_1",
    "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-03-30T12:00:00.123456789123Z",
    "-271821-04-20",
    "P1Y",
    "null",
    "true",
    "[]",
    "__proto__",
    "auricle.acme.token_1." + "a" * 43,
    "=?utf-8?q?=41?=",
)
NUMBERS = (
    "0",
    "-0",
    "-1",
    "1.5",
    "1e400",
    "-1e400",
    "1e-400",
    "NaN",
    "Infinity",
    "-Infinity",
    "9007199254740993",
    "9223372036854775808",
    "18446744073709551616",
    "1" + "0" * 400,
    "9" * 5000,
    "0x10",
    "1_000",
    "+1",
    "01",
    "1e5",
    "640.0",
    "1E+125",
    "1e126",
    "0.1e-130",
)
LITERALS = ("null", "true", "false", "[]", "{}", '""', "[[]]", '{"":{}}', '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"')
ADDRESSES = (
    "http://[",
    "https://[::1",
    "https://[v1.a]:80/",
    "https://\uff41\uff42.example/",
    "https://ex\u2100mple.com/",
    "https://example.com/\u00e4.mp3",
    "https://example.com/%zz",
    "https://example.com:99999/",
    "https://example.com:\uff18/",
    "https://user:secret@example.com/",
    "https://example.com\\@evil.example/",
    "https://" + "a." * 300 + "com/",
    "https://example.com/" + "a" * 9000,
    "https://s3.example/recordings/orgs/acme/recordings/rec_1/source?X-Amz-Signature=\u00e4",
    "http://169.254.169.254/latest/meta-data",
    "https:///orgs/acme/recordings/rec_1/source",
    "ftp://example.com/",
)
CONTENT_TYPES = (
    "application/json",
    "application/json; charset=utf-16",
    "application/json; charset=latin-1",
    "APPLICATION/JSON;;;",
    "application/problem+json",
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=" + "b" * 500,
    'multipart/form-data; boundary="a\r\nb"',
    "application/octet-stream",
    "application/xml",
    "*/*",
    ";",
    "",
    "\u00e4/\uff41",
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get", "X" * 40)
BOUNDARY = "raw-boundary"


@dataclass(frozen=True)
class RawRequest:
    """What a client puts on the wire. The path is written as it is sent, percent-encodings and all."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    as_base64: bool = field(default=False)
    """Whether API Gateway hands the body on in base64, as it does with what it does not take for text."""

    def event(self) -> dict[str, Any]:
        """As API Gateway hands it on."""
        made = event(self.method, self.path, query=self.query, headers=self.headers)
        if self.body and self.as_base64:
            made |= {"body": base64.b64encode(self.body).decode(), "isBase64Encoded": True}
        elif self.body:
            made["body"] = self.body.decode("utf-8", "replace")
        return made

    def wire(self, host: str) -> bytes:
        """As the bytes of HTTP/1.1."""
        target = self.path + (f"?{self.query}" if self.query else "")
        lines = [f"{self.method} {target} HTTP/1.1", f"host: {host}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items() if name != "host"]
        if self.body or self.method in {"POST", "PUT", "PATCH"}:
            lines.append(f"content-length: {len(self.body)}")
        return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + self.body

    def __str__(self) -> str:
        headers = {name: value[:120] for name, value in self.headers.items() if name != "authorization"}
        return f"{self.method} {self.path[:200]!a}?{self.query[:300]!a}\n{headers!a}\n{self.body[:600]!r}"


class RawRequests:
    """Requests of one tenant, hostile in a few ways each, the same for the same seed."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._random = random.Random(seed)
        self._operations = operations(world.document)
        self._cursors = ["a", "AAAA", "====", "\u00e4", "A" * 3000, base64.urlsafe_b64encode(bytes(60)).decode()]

    def __iter__(self) -> Iterator[RawRequest]:
        """Without end, every operation in turn; one that takes a body several times, since more can be wrong."""
        while True:
            for method, template, operation in self._operations:
                for _ in range(4 if "requestBody" in operation else 1):
                    yield self._request(method.upper(), template, operation)

    def _request(self, method: str, template: str, operation: Mapping[str, Any]) -> RawRequest:
        often = self._random.random
        path = quote(self._world.path(template), safe="/")
        if "requestBody" in operation and often() < 0.5:
            return self._with_hostile_values(method, path, operation)
        if often() < 0.3:
            path = self._hostile_path(path)
        if often() < 0.05:
            method = self._random.choice(METHODS)
        body, headers = b"", {"authorization": f"Bearer {self._world.token}"}
        if "requestBody" in operation:
            body, content_type = self._body(operation)
            headers["content-type"] = content_type
        elif often() < 0.2:
            body, headers["content-type"] = self._random.randbytes(40), self._random.choice(CONTENT_TYPES)
        if often() < 0.4:
            self._spoil_headers(headers)
        as_base64 = not headers.get("content-type", "").startswith(("application/json", "text/")) or often() < 0.3
        return RawRequest(method, path, self._query(operation), headers, body, as_base64)

    def _with_hostile_values(self, method: str, path: str, operation: Mapping[str, Any]) -> RawRequest:
        """Sound but for values in its body, so that they come as far as they can."""
        headers = {"authorization": f"Bearer {self._world.token}", "content-type": "application/json"}
        if self._random.random() < 0.3:
            headers["idempotency-key"] = str(self._random.random())
        content = operation["requestBody"]["content"]
        if "multipart/form-data" in content:
            headers["content-type"] = f"multipart/form-data; boundary={BOUNDARY}"
            return RawRequest(method, path, "", headers, self._form(content["multipart/form-data"]["schema"]), True)
        example = self._world.own(content["application/json"].get("example", {}))
        text = self._spoiled_json(example, self._names(content["application/json"]["schema"]))
        return RawRequest(method, path, "", headers, text.encode("utf-8", "surrogatepass"), self._random.random() < 0.5)

    # --- paths and queries ----------------------------------------------------------------------------------

    def _hostile_path(self, path: str) -> str:
        choose = self._random.choice
        parts = path.split("/")
        place = self._random.randrange(1, len(parts))
        match self._random.randrange(7):
            case 0:
                parts[place] = quote(choose(TEXTS)[:2000], safe="")
            case 1:
                parts[place] = choose(("%", "%z", "%ff", "%c0%af", "%ed%a0%80", "%00", "%2e%2e", "..", ".", "", "%2f"))
            case 2:
                parts[place] = choose(("\u00e4", "\uff41\uff42", "\N{GRINNING FACE}", "[", "]", "|", "^", '"', "\\"))
            case 3:
                parts.insert(place, choose(("", "..", "a" * 4000)))
            case 4:
                parts[place] = parts[place].upper()
            case 5:
                parts.append("")
            case _:
                parts[place] += choose(("\u0000", ";a=b", "%20", "~", "*", "'"))
        return "/".join(parts)

    def _query(self, operation: Mapping[str, Any]) -> str:
        names = [each["name"] for each in operation.get("parameters", ()) if each.get("in") == "query"]
        if not names and self._random.random() < 0.8:
            return ""
        pairs = []
        for _ in range(self._random.randrange(4)):
            name = (
                self._random.choice(names)
                if names and self._random.random() < 0.9
                else self._random.choice(TEXTS)[:300]
            )
            pairs.append(f"{quote(name)}={self._query_value(name)}")
        query = "&".join(pairs)
        if self._random.random() < 0.1:
            query += self._random.choice(("&&&", "=", "%", "&%zz=%ff", ";a=b", "&\u00e4=\uff19", "&a" * 200, "#", "?"))
        return query

    def _query_value(self, name: str) -> str:
        if "cursor" in name.lower() and self._random.random() < 0.7:
            return quote(self._random.choice(self._cursors))
        text = self._random.choice((*NUMBERS, *TEXTS, "true", "1", "20", "asc", "2026-03-30"))[:3000]
        return text.replace("&", "").replace("\x00", "%00") if self._random.random() < 0.1 else quote(text)

    # --- headers --------------------------------------------------------------------------------------------

    def _spoil_headers(self, headers: dict[str, str]) -> None:
        choose, text = self._random.choice, self._random.choice(TEXTS)[:2000].replace("\r\n", " ").replace("\x00", "")
        for _ in range(self._random.randrange(1, 4)):
            name, value = choose(
                (
                    ("idempotency-key", choose(("once", "twice", text, "a" * 255))),
                    ("if-match", choose(('"1"', "*", 'W/"1"', '"999999999"', '"9' + "9" * 300 + '"', text))),
                    ("content-type", choose(CONTENT_TYPES)),
                    ("x-request-id", text),
                    ("accept-encoding", choose(("gzip", "gzip;q=x", "", text))),
                    ("origin", choose(("null", "https://evil.example", text))),
                    ("host", choose(("a:b:c", "[::1]", "", text))),
                    ("x-forwarded-port", choose(NUMBERS)),
                    ("x-forwarded-proto", choose(("https", "ftp", text))),
                    ("content-length", choose(NUMBERS)),
                    ("transfer-encoding", "chunked"),
                    ("cookie", "a=b; " * 300),
                    ("x-api-key", choose((text, "auricle.acme.token_1." + "a" * 43))),
                    ("authorization", choose(("Bearer", "Bearer " + "a" * 9000, "Basic YTpi", "Bearer a.b.c", text))),
                    ("accept", text),
                    (choose(("x-a", "expect", "range", "upgrade", "\u00e4")), text),
                )
            )
            headers[name] = value

    # --- bodies ---------------------------------------------------------------------------------------------

    def _body(self, operation: Mapping[str, Any]) -> tuple[bytes, str]:
        content = operation["requestBody"]["content"]
        if "multipart/form-data" in content:
            return self._form(content["multipart/form-data"]["schema"]), f"multipart/form-data; boundary={BOUNDARY}"
        example = self._world.own(content["application/json"].get("example", {}))
        names = self._names(content["application/json"]["schema"])
        text = self._spoiled_json(example, names)
        return self._spoiled_bytes(text), "application/json"

    def _names(self, schema: Mapping[str, Any]) -> list[str]:
        """Fields that the operation's body can have."""
        name = schema.get("$ref", "").rpartition("/")[2]
        found = self._world.document["components"]["schemas"][name] if name else schema
        return [*found.get("properties", {})]

    def _spoiled_json(self, example: Any, names: list[str]) -> str:
        """The example with some of its values replaced: by what no JSON library writes, too."""
        value = copy.deepcopy(example)
        literals: dict[str, str] = {}
        for number in range(self._random.choice((0, 1, 1, 1, 2, 3))):
            mark = f"literal-{number}"
            value, replaced = self._with(value, mark, names)
            literals[mark] = self._literal(replaced)
        text = json.dumps(value, ensure_ascii=self._random.random() < 0.5)
        for mark, literal in literals.items():
            text = text.replace(f'"{mark}"', literal)
        return text

    def _literal(self, replaced: Any) -> str:
        """What stands in the place of a value, often of its kind."""
        kind = "any"
        if self._random.random() < 0.75:
            is_address = isinstance(replaced, str) and "://" in replaced
            is_number = isinstance(replaced, int | float)
            kind = "address" if is_address else "number" if is_number else kind
        if kind == "address":
            return json.dumps(self._random.choice(ADDRESSES))
        if kind == "number":
            return self._random.choice(NUMBERS)
        text = json.dumps(self._random.choice((*TEXTS, *ADDRESSES)))
        return self._random.choice((self._random.choice(NUMBERS), self._random.choice(LITERALS), text, text))

    def _with(self, value: Any, mark: str, names: list[str]) -> tuple[Any, Any]:
        """The value with the mark somewhere in it, and what stood there."""
        if isinstance(value, dict) and self._random.random() < 0.95:
            name = self._random.choice([*value] * 4 + [*names] * 2 + ["unknown"])
            if isinstance(value.get(name), dict | list) and self._random.random() < 0.7:
                inner, replaced = self._with(value[name], mark, names)
                return {**value, name: inner}, replaced
            stood_there = value.get(name)
            is_address = any(word in name.lower() for word in ("url", "uri"))
            return {**value, name: mark}, "https://" if is_address and stood_there is None else stood_there
        if isinstance(value, list) and value and self._random.random() < 0.8:
            place = self._random.randrange(len(value))
            inner, replaced = self._with(value[place], mark, names)
            return [*value[:place], inner, *value[place + 1 :]], replaced
        if isinstance(value, list):
            return [mark] * self._random.choice((1, 2, 101, 2001)), None
        return mark, value

    def _spoiled_bytes(self, text: str) -> bytes:
        content = text.encode("utf-8", "surrogatepass")
        match self._random.randrange(24):
            case 0:
                return text.encode("utf-16", "surrogatepass")
            case 1:
                return b"\xef\xbb\xbf" + content
            case 2:
                return content[: self._random.randrange(len(content) + 1)]
            case 3:
                spoiled = bytearray(content)
                for _ in range(self._random.randrange(1, 6)):
                    spoiled[self._random.randrange(len(spoiled))] = self._random.randrange(256)
                return bytes(spoiled)
            case 4:
                return content + content
            case 5:
                return self._random.choice((b"[" * 3000, b'{"a":' * 3000, b"[" * 190 + b"]" * 190))
            case 6:
                return self._random.randbytes(self._random.randrange(200))
            case 7:
                return self._random.choice((b"null", b"[]", b'"a"', b"7", b"true", b" ", b"\x00", b"{}", b""))
            case 8:
                return content[:-1] + b"," + content[1:]  # every name twice
            case 9:
                return b" " * self._random.choice((10, 1024 * 1024)) + content
            case _:
                return content

    def _form(self, schema: Mapping[str, Any]) -> bytes:
        names = self._names(schema)
        usual = {"type": "phone", "consent_status": "all_consented", "file": "RIFF\x24\x00\x00\x00WAVEfmt "}
        parts = dict(usual)
        for _ in range(self._random.randrange(4)):
            name = self._random.choice([*names, "unknown", *TEXTS[:8]])
            parts[name] = self._random.choice((*TEXTS, *NUMBERS, *LITERALS))[:5000]
        body = b""
        for name, value in parts.items():
            body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode("utf-8", "replace")
            if name == "file" or self._random.random() < 0.05:
                body += f'; filename="{self._random.choice(TEXTS)[:300]}"'.encode("utf-8", "replace")
            body += b"\r\n\r\n" + value.encode("utf-8", "replace") + b"\r\n"
        return self._spoiled_form(body + f"--{BOUNDARY}--\r\n".encode())

    def _spoiled_form(self, body: bytes) -> bytes:
        match self._random.randrange(8):
            case 0:
                return body[: self._random.randrange(len(body))]
            case 1:
                spoiled = bytearray(body)
                for _ in range(self._random.randrange(1, 9)):
                    spoiled[self._random.randrange(len(spoiled))] = self._random.randrange(256)
                return bytes(spoiled)
            case 2:
                return body.replace(b"\r\n", b"\n")
            case 3:
                return body * 3
            case _:
                return body
