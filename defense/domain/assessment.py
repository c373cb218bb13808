"""What a reading of one application by the notice comes to, with every reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from defense.domain.text import Text


class Severity(StrEnum):
    """How much a finding weighs."""

    BLOCK = "block"
    """The application cannot go on."""
    WARN = "warn"
    """Staff should look; a section without proof counts as 无相关材料."""
    INFO = "info"


class Requirement(StrEnum):
    """Whether the person must defend; PENDING is 待裁定: the notice does not say, a ruling decides."""

    REQUIRED = "required"
    NOT_REQUIRED = "not_required"
    PENDING = "pending"


@dataclass(frozen=True)
class Finding:
    """One thing the rules found in a record, with the clause of the notice it comes from."""

    code: str
    severity: Severity
    clause: str
    """As the notice counts, e.g. 三(三)."""
    section: str
    """Short English key of the part of the application, e.g. filing, identity, degree."""
    text: Text

    def to_json(self) -> dict[str, Any]:
        """A JSON object; `from_json` reads it back."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "clause": self.clause,
            "section": self.section,
            "text": self.text.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Finding:
        """The inverse of `to_json`."""
        return cls(
            data["code"],
            Severity(data["severity"]),
            data["clause"],
            data["section"],
            Text.from_json(data["text"]),
        )


@dataclass(frozen=True)
class Assessment:
    """Whether an application may go on, whether its author must defend, and all the reasons."""

    valid: bool
    requirement: Requirement
    findings: tuple[Finding, ...]

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings for which the application is not valid."""
        return tuple(f for f in self.findings if f.severity is Severity.BLOCK)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that staff should look at."""
        return tuple(f for f in self.findings if f.severity is Severity.WARN)

    @property
    def reasons_for_requirement(self) -> tuple[Finding, ...]:
        """Why the defence is required, not required or pending."""
        return tuple(f for f in self.findings if f.code.startswith("defence_"))

    def to_json(self) -> dict[str, Any]:
        """A JSON object; `from_json` reads it back."""
        return {
            "valid": self.valid,
            "requirement": self.requirement.value,
            "findings": [finding.to_json() for finding in self.findings],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Assessment:
        """The inverse of `to_json`."""
        return cls(
            data["valid"],
            Requirement(data["requirement"]),
            tuple(Finding.from_json(finding) for finding in data["findings"]),
        )
