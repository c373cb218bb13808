"""Text that people read, in both languages of the service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """One message in Chinese and in English.

    Rules and errors are born outside a web request (in a command, in the solver's supervisor), where no
    language is chosen yet; they carry both, and the last step before a reader picks one.
    """

    zh: str
    en: str

    def format(self, **values: object) -> Text:
        """Fill the same named values into both languages; a `Text` value takes its own language."""
        return Text(
            zh=self.zh.format(**{k: v.zh if isinstance(v, Text) else v for k, v in values.items()}),
            en=self.en.format(**{k: v.en if isinstance(v, Text) else v for k, v in values.items()}),
        )

    def pick(self, language: str) -> str:
        """The English text for a language tag that starts with "en", else the Chinese one."""
        return self.en if language.startswith("en") else self.zh

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}" if self.zh != self.en else self.zh

    def to_json(self) -> dict[str, str]:
        """`{"zh": …, "en": …}`."""
        return {"zh": self.zh, "en": self.en}

    @classmethod
    def from_json(cls, data: dict[str, str]) -> Text:
        """The inverse of `to_json`."""
        return cls(zh=data["zh"], en=data["en"])
