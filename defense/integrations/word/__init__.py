"""Word files made from templates that a centre may change, and the guards before them."""

from defense.integrations.word.guard import MAX_TEMPLATE_BYTES, check_template_file
from defense.integrations.word.language import FILTERS
from defense.integrations.word.rendering import DOCX, render_document

__all__ = ["DOCX", "FILTERS", "MAX_TEMPLATE_BYTES", "check_template_file", "render_document"]
