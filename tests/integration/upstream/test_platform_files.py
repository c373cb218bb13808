"""Files of attachments from the platform itself: checked against the record, or refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from defense.domain.errors import IllegalState, NotFound
from defense.domain.record_json import part_from_json
from defense.domain.record_parts import Attachment
from defense.integrations.attachments import LocalFolder
from defense.integrations.upstream import UpstreamClient
from defense.integrations.upstream.client import Timing
from defense.integrations.upstream.files import PlatformFiles
from defense.services.records.attachments import fetch_attachment
from tests.conftest import make_settings
from tests.upstream_platform import Platform

MB = 1024**2


def test_a_file_that_is_not_at_hand_comes_from_the_platform(platform: Platform, tmp_path: Path) -> None:
    listed = next(iter(platform.records().values()))["attachments"][0]
    attachment = part_from_json(Attachment, listed)
    access = make_settings(tmp_path, **platform.environ).upstream
    assert access is not None
    client = UpstreamClient(access, Timing(connect_s=1, read_s=0.5, patience_s=1, attempts=1))
    files = PlatformFiles(client, 10 * MB)
    sources = [LocalFolder(tmp_path / "files"), files]
    with fetch_attachment(sources, attachment, 10 * MB).content as content:
        assert len(content.read()) == attachment.size
    with pytest.raises(IllegalState, match="digest differs"):
        fetch_attachment(sources, replace(attachment, sha256="0" * 64), 10 * MB)
    with pytest.raises(NotFound, match="look at it on the platform"):
        fetch_attachment(sources, replace(attachment, upstream_id="nothing"), 10 * MB)
    small = [PlatformFiles(client, MB)]
    platform.inside.store.put_attachment(listed["upstream_id"], "scan.pdf", b"%PDF-" + bytes(MB))
    with pytest.raises(IllegalState, match="larger than 1 MB and is not handed out"):
        fetch_attachment(small, replace(attachment, sha256="", size=None), 10 * MB)
    platform.set_faults(cut=1.0)
    with pytest.raises(IllegalState, match="could not be fetched"):
        fetch_attachment(sources, attachment, 10 * MB)
