"""Large workbooks of invented applications, every row about somebody else."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from defense.domain.identity import id_check_digit
from defense.domain.round_rules import RoundRules
from defense.integrations.workbooks import application_columns, write_table
from defense.integrations.workbooks.hints import hint_of

_SUMMARY = "2005年至2010年在甲单位从事专业技术工作；2011年至今在乙单位任项目负责人。" * 4
_FIRST_BIRTHDAY = date(1960, 1, 1)
_DAYS = 10_000


def write_applications(path: Path, rules: RoundRules, count: int, unit: str, faults: int = 0) -> None:
    """Write `count` applications, all of one `unit`; another unit later changes every row.

    Parameters
    ----------
    faults : in so many rows, evenly spread, the gender is none.
    """
    columns = application_columns(rules)
    usual = {column.key: hint_of(column, rules).example for column in columns}

    def rows() -> Iterator[list[str]]:
        for index in range(count):
            own = usual | _person(index) | {"unit": unit, "work_summary": _SUMMARY, "achievements": _SUMMARY}
            if faults and index % (count // faults) == 0:
                own["gender"] = "不详"
            yield [own[column.key] for column in columns]

    path.write_bytes(write_table({"申报人员": ([column.header for column in columns], rows())}))


def _person(index: int) -> dict[str, str]:
    birthday = _FIRST_BIRTHDAY + timedelta(days=index % _DAYS)
    digits = f"650102{birthday:%Y%m%d}{index // _DAYS:03d}"
    return {
        "number": f"XJ2021{index:06d}",
        "id_number": digits + id_check_digit(digits),
        "phone": f"138{index:08d}",
        "email": f"person{index}@example.com",
        "name": "李梅",
    }
