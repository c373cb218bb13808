"""The pages, one file per group: parse, call a service, render."""

from __future__ import annotations

from flask import Flask

from defense.web import (
    answers,
    applications,
    appointments,
    attachments,
    calendar_feed,
    candidate,
    candidate_needs,
    changes,
    feeds,
    findings,
    home,
    imports,
    inbox,
    invites,
    meetings,
    minutes,
    office,
    panels,
    people,
    personal,
    results,
    round_settings,
    runs,
    schedule,
    screens,
    sealing,
    sign_in,
    sitting_conduct,
    sittings,
    upstream,
    upstream_deliveries,
    wordings,
)


def register_pages(app: Flask) -> None:
    """Register every group of pages."""
    for group in (
        answers,
        applications,
        appointments,
        attachments,
        calendar_feed,
        candidate,
        candidate_needs,
        changes,
        feeds,
        findings,
        home,
        imports,
        inbox,
        invites,
        meetings,
        minutes,
        office,
        panels,
        people,
        personal,
        results,
        round_settings,
        runs,
        schedule,
        screens,
        sealing,
        sign_in,
        sitting_conduct,
        sittings,
        upstream,
        upstream_deliveries,
        wordings,
    ):
        app.register_blueprint(group.pages)
