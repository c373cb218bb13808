"""Excel workbooks in and out: applications, experts and panels are read here, tables are written here."""

from defense.integrations.workbooks.applications import application_columns, read_applications
from defense.integrations.workbooks.experts import expert_columns, read_experts
from defense.integrations.workbooks.marking import write_marked_copy
from defense.integrations.workbooks.panels import panel_columns, read_panels, session_columns
from defense.integrations.workbooks.reading import CellError, ReadRow, WorkbookReading
from defense.integrations.workbooks.tables import IS_TABLE, shares_named
from defense.integrations.workbooks.template import write_template
from defense.integrations.workbooks.writing import Tables, write_table

__all__ = [
    "IS_TABLE",
    "CellError",
    "ReadRow",
    "Tables",
    "WorkbookReading",
    "application_columns",
    "expert_columns",
    "panel_columns",
    "read_applications",
    "read_experts",
    "read_panels",
    "session_columns",
    "shares_named",
    "write_marked_copy",
    "write_table",
    "write_template",
]
