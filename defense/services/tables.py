"""Tables that leave the house: an export gives its rows, whoever sends the file makes a workbook of them."""

from __future__ import annotations

from defense.integrations.workbooks import Tables, write_table

__all__ = ["Tables", "write_table"]
