"""The management platform (管理平台) that owns the applications, over HTTP: docs/upstream-openapi.yaml."""

from defense.integrations.upstream.client import FeedItem, FeedPage, FeeStatus, UpstreamClient
from defense.integrations.upstream.failures import FailureKind, UpstreamFailure

__all__ = ["FailureKind", "FeeStatus", "FeedItem", "FeedPage", "UpstreamClient", "UpstreamFailure"]
