"""Settings of the service: the only reader of the environment."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from string import hexdigits
from urllib.parse import parse_qs, quote, unquote, urlsplit

PROJECT_DIR = Path(__file__).resolve().parent.parent

DEFAULT_MAIL_RATES = "qq.com=120 foxmail.com=120 163.com=120 126.com=120 yeah.net=120"
"""The services that are known to count; how much they let through they do not say."""

_IMAP_EXPECTED = (
    "IMAP_URL: expected imaps://user:password@host:993/INBOX or imap://user:password@host/INBOX?starttls=1, "
    "with special characters percent-encoded"
)


class SettingsError(Exception):
    """A setting is missing or unusable; the message names it. The service does not start."""


@dataclass(frozen=True)
class CalendarServer:
    """A calendar on the centre's CalDAV server; `calendar_url` ends with a slash."""

    calendar_url: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class BigBlueButtonAccess:
    """A BigBlueButton server; `url` ends in `/api`, as its own tools print it, without a trailing slash."""

    url: str
    secret: str = field(repr=False)
    checksum: str
    """The hash of its checksums: sha1, sha256, sha384 or sha512."""


@dataclass(frozen=True)
class TencentAccess:
    """An enterprise's own application at Tencent Meeting, and the user whose meetings they are."""

    url: str
    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    app_id: str
    sdk_id: str | None
    user_id: str


@dataclass(frozen=True)
class ZoomAccess:
    """A server-to-server application at Zoom, and the user whose meetings they are."""

    url: str
    oauth_url: str
    account_id: str
    client_id: str
    client_secret: str = field(repr=False)
    user_id: str


@dataclass(frozen=True)
class UpstreamAccess:
    """The management platform that owns the applications, and how the service shows who it is."""

    url: str
    auth: str
    """`oauth2` (client credentials) or `hmac` (every request signed)."""
    client_id: str
    secret: str = field(repr=False)
    map_file: Path | None = None
    """A column map (TOML), where the platform names the fields otherwise than we do."""


@dataclass(frozen=True)
class Settings:
    """Everything that differs between two installations. The README has the same table.

    Times are in the unit that the name says; `public_url` and `jitsi_url` carry no trailing slash.
    """

    instance_dir: Path
    calendar_dir: Path
    """Imported working calendars, a file a year."""
    attachments_dir: Path
    """Files of attachments that the centre imported, named by their digests."""
    attachment_max_mb: int
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    host: str
    port: int
    public_url: str
    smtp_url: str | None = field(repr=False)
    imap_url: str | None = field(repr=False)
    """The mailbox where answers and bounces arrive; None: nobody reads it."""
    mail_from: str
    mail_connections: int
    """To the mail server, at once."""
    mail_rates: Mapping[str, int]
    """Recipients' domain → messages a minute; a domain that is not named is not limited."""
    jitsi_url: str
    jitsi_app_id: str | None
    jitsi_app_secret: str | None = field(repr=False)
    link_days: int
    session_hours: int
    upload_max_mb: int
    solve_time_limit_s: int
    trusted_proxies: int
    redis_url: str | None = field(repr=False)
    ballot_key: bytes = field(repr=False)
    """32 bytes that open the envelopes of rounds of voting still open."""
    seal_key: bytes = field(repr=False)
    """32 bytes, the seed of the Ed25519 key that signs sealed sittings."""
    former_seal_public_keys: frozenset[str]
    """Public halves, in hex, of keys that signed before this one."""
    caldav: CalendarServer | None = None
    """Where every sitting is entered as an event; None for nowhere."""
    bigbluebutton: BigBlueButtonAccess | None = None
    tencent: TencentAccess | None = None
    zoom: ZoomAccess | None = None
    upstream: UpstreamAccess | None = None
    """None: applications come by workbook only."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Raises
        ------
        SettingsError
            Naming the setting and what it should look like.
        """
        env = os.environ if environ is None else environ
        instance_dir = Path(env.get("INSTANCE_DIR") or PROJECT_DIR / "instance").resolve()
        host = env.get("HOST") or "127.0.0.1"
        port = _integer(env, "PORT", 8000, 0, 65535)
        # With half of the pair every room would be open to anybody.
        _all_or_none(env, "JITSI_APP_ID", "JITSI_APP_SECRET")
        return cls(
            instance_dir=instance_dir,
            calendar_dir=Path(env.get("CALENDAR_DIR") or instance_dir / "calendars").resolve(),
            attachments_dir=Path(env.get("ATTACHMENTS_DIR") or instance_dir / "attachments").resolve(),
            attachment_max_mb=_integer(env, "ATTACHMENT_MAX_MB", 50, 1, 1000),
            database_url=_database_url(env, instance_dir),
            secret_key=env.get("SECRET_KEY") or _kept_key(instance_dir, "SECRET_KEY"),
            host=host,
            port=port,
            public_url=_http_url(env, "PUBLIC_URL", f"http://{host}:{port}"),
            smtp_url=_smtp_url(env),
            imap_url=_imap_url(env),
            mail_from=env.get("MAIL_FROM") or "职称评审视频答辩 <defence@localhost.localdomain>",
            mail_connections=_integer(env, "MAIL_CONNECTIONS", 4, 1, 20),
            mail_rates=_mail_rates(env),
            jitsi_url=_http_url(env, "JITSI_URL", "https://meet.jit.si"),
            jitsi_app_id=env.get("JITSI_APP_ID") or None,
            jitsi_app_secret=env.get("JITSI_APP_SECRET") or None,
            link_days=_integer(env, "LINK_DAYS", 14, 1, 365),
            session_hours=_integer(env, "SESSION_HOURS", 12, 1, 24 * 14),
            upload_max_mb=_integer(env, "UPLOAD_MAX_MB", 20, 1, 500),
            solve_time_limit_s=_integer(env, "SOLVE_TIME_LIMIT_S", 60, 1, 24 * 3600),
            trusted_proxies=_integer(env, "TRUSTED_PROXIES", 0, 0, 5),
            redis_url=_redis_url(env),
            ballot_key=_key_bytes(env, "BALLOT_KEY", instance_dir),
            seal_key=_key_bytes(env, "SEAL_KEY", instance_dir),
            former_seal_public_keys=_public_keys(env, "SEAL_PUBLIC_KEYS"),
            caldav=_calendar_server(env),
            bigbluebutton=_bigbluebutton(env),
            tencent=_tencent(env),
            zoom=_zoom(env),
            upstream=_upstream(env),
        )

    @property
    def uses_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.database_url.startswith("sqlite")


def _integer(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsError(f"{name}={text!r}: expected a whole number from {low} to {high}")
    return int(text)


def _http_url(env: Mapping[str, str], name: str, default: str) -> str:
    text = (env.get(name) or default).rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise SettingsError(f"{name}={text!r}: expected an address such as https://defence.example.org")
    return text


def _smtp_url(env: Mapping[str, str]) -> str | None:
    text = env.get("SMTP_URL") or None
    if text is not None and (urlsplit(text).scheme not in ("smtp", "smtps") or not urlsplit(text).hostname):
        raise SettingsError("SMTP_URL: expected smtp://user:password@host:587?starttls=1 or smtps://…")
    return text


def _mail_rates(env: Mapping[str, str]) -> Mapping[str, int]:
    text = env.get("MAIL_RATES")
    pairs = (DEFAULT_MAIL_RATES if text is None else text).replace(",", " ").split()
    rates = dict(pair.lower().rpartition("=")[::2] for pair in pairs)
    if any(
        not domain or not rate.isdecimal() or not 1 <= int(rate) <= 100_000 for domain, rate in rates.items()
    ):
        raise SettingsError(
            f"MAIL_RATES={text!r}: expected messages a minute by domain, as in qq.com=120,163.com=60"
        )
    return {domain: int(rate) for domain, rate in rates.items()}


def _calendar_server(env: Mapping[str, str]) -> CalendarServer | None:
    if not _all_or_none(env, "CALDAV_URL", "CALDAV_USER", "CALDAV_PASSWORD", "CALDAV_CALENDAR"):
        return None
    url = env["CALDAV_URL"].rstrip("/")
    # The whole address is not repeated in the error: somebody may have put a password into it.
    shape = "CALDAV_URL: expected https://calendar.example.org/user, without password, ? and #"
    try:
        parts = urlsplit(url)
        if (
            not parts.hostname
            or parts.username is not None
            or parts.query
            or parts.fragment
            or parts.port == 0
        ):
            raise SettingsError(shape)
    except ValueError as error:
        raise SettingsError(shape) from error
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise SettingsError("CALDAV_URL: expected https://…; http:// would send the password in the open")
    steps = env["CALDAV_CALENDAR"].strip("/").split("/")
    if any(step in ("", ".", "..") for step in steps):
        raise SettingsError(
            "CALDAV_CALENDAR: expected the calendar's path below CALDAV_URL, such as defences"
        )
    path = "/".join(quote(step, safe="%@~") for step in steps)
    return CalendarServer(f"{url}/{path}/", env["CALDAV_USER"], env["CALDAV_PASSWORD"])


def _all_or_none(env: Mapping[str, str], *names: str) -> bool:
    """Whether settings that only work together are given; an error names those that are missing."""
    given = [name for name in names if env.get(name)]
    if given and (missing := [name for name in names if name not in given]):
        raise SettingsError(f"{', '.join(missing)}: missing; {', '.join(given)} set without it")
    return bool(given)


def _bigbluebutton(env: Mapping[str, str]) -> BigBlueButtonAccess | None:
    if not _all_or_none(env, "BBB_URL", "BBB_SECRET"):
        return None
    checksum = (env.get("BBB_CHECKSUM") or "sha256").lower()
    if checksum not in ("sha1", "sha256", "sha384", "sha512"):
        raise SettingsError(f"BBB_CHECKSUM={checksum!r}: expected sha1, sha256, sha384 or sha512")
    url = _provider_url(env, "BBB_URL", "")
    url = url if url.endswith("/api") else f"{url}/api"
    return BigBlueButtonAccess(url, _key_text(env, "BBB_SECRET"), checksum)


def _tencent(env: Mapping[str, str]) -> TencentAccess | None:
    names = [f"TENCENT_MEETING_{name}" for name in ("SECRET_ID", "SECRET_KEY", "APP_ID", "USER_ID")]
    if not _all_or_none(env, *names):
        return None
    secret_id, secret_key, app_id, user_id = (_key_text(env, name) for name in names)
    url = _provider_url(env, "TENCENT_MEETING_URL", "https://api.meeting.qq.com")
    sdk_id = _key_text(env, "TENCENT_MEETING_SDK_ID") if env.get("TENCENT_MEETING_SDK_ID") else None
    return TencentAccess(url, secret_id, secret_key, app_id, sdk_id, user_id)


def _zoom(env: Mapping[str, str]) -> ZoomAccess | None:
    names = [f"ZOOM_{name}" for name in ("ACCOUNT_ID", "CLIENT_ID", "CLIENT_SECRET", "USER_ID")]
    if not _all_or_none(env, *names):
        return None
    account_id, client_id, client_secret, user_id = (_key_text(env, name) for name in names)
    if user_id == "me":
        # Such an application acts for nobody: "me" would be no user.
        raise SettingsError("ZOOM_USER_ID: expected a user's id or e-mail address; 'me' is nobody here")
    url = _provider_url(env, "ZOOM_URL", "https://api.zoom.us")
    oauth_url = _provider_url(env, "ZOOM_OAUTH_URL", "https://zoom.us")
    return ZoomAccess(url, oauth_url, account_id, client_id, client_secret, user_id)


def _upstream(env: Mapping[str, str]) -> UpstreamAccess | None:
    auth = env.get("UPSTREAM_AUTH") or "oauth2"
    if auth not in ("oauth2", "hmac"):
        raise SettingsError(f"UPSTREAM_AUTH={auth!r}: expected oauth2 or hmac")
    pair = ("CLIENT_ID", "CLIENT_SECRET") if auth == "oauth2" else ("KEY_ID", "KEY")
    id_name, secret_name = (f"UPSTREAM_{name}" for name in pair)
    if not _all_or_none(env, "UPSTREAM_URL", id_name, secret_name):
        if spare := [name for name in ("UPSTREAM_AUTH", "UPSTREAM_MAP") if env.get(name)]:
            raise SettingsError(f"UPSTREAM_URL: missing; {', '.join(spare)} set without it")
        return None
    map_file = Path(env["UPSTREAM_MAP"]).resolve() if env.get("UPSTREAM_MAP") else None
    if map_file is not None and not map_file.is_file():
        raise SettingsError(f"UPSTREAM_MAP={env['UPSTREAM_MAP']!r}: there is no such file")
    url = _provider_url(env, "UPSTREAM_URL", "")
    return UpstreamAccess(url, auth, _key_text(env, id_name), _key_text(env, secret_name), map_file)


def _key_text(env: Mapping[str, str], name: str) -> str:
    """A key or an id; it is sent in a header, and an error does not repeat it."""
    text = env[name]
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SettingsError(f"{name}: expected letters, digits and signs without blanks")
    return text


def _provider_url(env: Mapping[str, str], name: str, default: str) -> str:
    """Where keys or meetings' addresses travel. It is not repeated in the error: it may hold a password."""
    shape = f"{name}: expected https://meetings.example.org, without password, ? and #"
    url = (env.get(name) or default).rstrip("/")
    try:
        parts = urlsplit(url)
        is_plain = parts.username is None and parts.port != 0 and not set("?#\\ ").intersection(url)
    except ValueError:
        raise SettingsError(shape) from None
    if not parts.hostname or not is_plain:
        raise SettingsError(shape)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise SettingsError(f"{name}: expected https://…; http:// would send meetings' addresses in the open")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _imap_url(env: Mapping[str, str]) -> str | None:
    """Checked piece by piece, never shown: it holds a password."""
    text = env.get("IMAP_URL") or None
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        port, query = parts.port, parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise SettingsError(_IMAP_EXPECTED) from None
    written = [unquote(part or "") for part in (parts.username, parts.password, parts.path)]
    if (
        parts.scheme not in ("imap", "imaps")
        or not parts.hostname
        or port == 0
        or not all(written[:2])
        or not all(part.isprintable() for part in (*written, *query.get("done", [])))
        or query.keys() - {"starttls", "done"}
        or query.get("starttls", ["1"]) != ["1"]
    ):
        raise SettingsError(_IMAP_EXPECTED)
    is_safe = parts.scheme == "imaps" or "starttls" in query
    if not is_safe and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise SettingsError("IMAP_URL: the password would travel in the open; use imaps://… or ?starttls=1")
    return text


def _database_url(env: Mapping[str, str], instance_dir: Path) -> str:
    text = env.get("DATABASE_URL") or f"sqlite:///{instance_dir / 'defence.sqlite3'}"
    # SQLAlchemy wants the driver named; hosting panels hand out the two short forms.
    for short in ("postgres://", "postgresql://"):
        if text.startswith(short):
            text = "postgresql+psycopg://" + text.removeprefix(short)
    if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingsError(
            "DATABASE_URL: expected sqlite:////absolute/path.sqlite3 or postgresql://user:password@host/name"
        )
    return text


def _redis_url(env: Mapping[str, str]) -> str | None:
    text = env.get("REDIS_URL") or None
    if text is not None and urlsplit(text).scheme not in ("redis", "rediss", "unix"):
        raise SettingsError("REDIS_URL: expected redis://:password@host:6379/0")
    return text


def _key_bytes(env: Mapping[str, str], name: str, instance_dir: Path) -> bytes:
    text = env.get(name) or _kept_key(instance_dir, name)
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise SettingsError(f"{name}: expected 64 hexadecimal digits, as `openssl rand -hex 32` prints them")
    return key


def _public_keys(env: Mapping[str, str], name: str) -> frozenset[str]:
    keys = (env.get(name) or "").lower().replace(",", " ").split()
    if any(len(key) != 64 or set(key) - set(hexdigits) for key in keys):
        raise SettingsError(
            f"{name}: expected public keys of 64 hexadecimal digits, as `flask seal-key` prints them, with "
            "commas between them"
        )
    return frozenset(keys)


def _kept_key(instance_dir: Path, name: str) -> str:
    """The key made at the first start and kept beside the data, readable by its owner only.

    It is written under another name and then linked: of several processes that start at the same moment
    one's key stays, and none reads a file that is half written.
    """
    path = instance_dir / name.lower()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        if not path.exists():
            instance_dir.mkdir(parents=True, exist_ok=True)
            draft.touch(0o600, exist_ok=False)
            draft.write_text(secrets.token_hex(32))
            with suppress(FileExistsError):
                os.link(draft, path)
        kept = path.read_text().strip()
    except OSError as error:
        raise SettingsError(f"INSTANCE_DIR: {path} cannot be written and read ({error})") from error
    finally:
        with suppress(OSError):
            draft.unlink()
    if not kept:
        raise SettingsError(f"{name}: {path} is empty; delete it or set {name}")
    return kept
