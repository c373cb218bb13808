"""Reading with libical, the parser of GNOME and KDE, which also knows what each iTIP method has to hold."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

from tests.parsers.reading import Reading

# Positions in the enumerations of libical 3 (icalderivedproperty.h, icalderivedparameter.h, icalenums.h).
_VEVENT, _ANY_PROPERTY = 4, 0


class _Time(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int) for name in ("year", "month", "day", "hour", "minute", "second")),
        ("is_date", ctypes.c_int),
        ("is_daylight", ctypes.c_int),
        ("zone", ctypes.c_void_p),
    ]


_POINTER, _TEXT, _INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "icalparser_parse_string": (_POINTER, [_TEXT]),
    "icalrestriction_check": (_INT, [_POINTER]),
    "icalcomponent_count_errors": (_INT, [_POINTER]),
    "icalcomponent_count_components": (_INT, [_POINTER, _INT]),
    "icalcomponent_get_first_component": (_POINTER, [_POINTER, _INT]),
    "icalcomponent_get_first_property": (_POINTER, [_POINTER, _INT]),
    "icalcomponent_get_next_property": (_POINTER, [_POINTER, _INT]),
    "icalcomponent_get_dtstart": (_Time, [_POINTER]),
    "icalcomponent_get_dtend": (_Time, [_POINTER]),
    "icalcomponent_get_dtstamp": (_Time, [_POINTER]),
    "icalcomponent_as_ical_string": (_TEXT, [_POINTER]),
    "icalcomponent_free": (None, [_POINTER]),
    "icalproperty_get_property_name": (_TEXT, [_POINTER]),
    "icalproperty_get_value_as_string": (_TEXT, [_POINTER]),
    "icalproperty_get_value": (_POINTER, [_POINTER]),
    "icalproperty_get_parameter_as_string": (_TEXT, [_POINTER, _TEXT]),
    "icalvalue_get_text": (_TEXT, [_POINTER]),
    "icaltime_as_timet_with_zone": (ctypes.c_long, [_Time, _POINTER]),
    "icaltimezone_get_builtin_timezone": (_POINTER, [_TEXT]),
    "icaltimezone_get_utc_timezone": (_POINTER, []),
}
_NOT_IN_ITS_TABLE = tuple(
    f"restrictions for {name} property. Expected 0 instances of the property and got 1"
    for name in ("ATTENDEE", "DTSTART", "SEQUENCE", "SUMMARY")
)
"""Its table for DECLINECOUNTER has no optional rows at all, so that even SEQUENCE is refused there."""
_AS_TEXT = {"SUMMARY", "DESCRIPTION"}
_MANY = {"ATTENDEE"}


@lru_cache(maxsize=1)
def _library() -> Any:
    library = ctypes.CDLL("libical.so.3")
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def read_with_libical(calendar: bytes, device_zone: str) -> Reading:
    """What libical understands on a device in that time zone.

    Raises
    ------
    ValueError
        It is no calendar with exactly one event.
    """
    library = _library()
    root = library.icalparser_parse_string(calendar)
    if not root:
        raise ValueError("libical reads no calendar")
    try:
        if library.icalcomponent_count_components(root, _VEVENT) != 1:
            raise ValueError("libical reads none or several events")
        return _reading(library, root, device_zone)
    finally:
        library.icalcomponent_free(root)


def _reading(library: Any, root: int, device_zone: str) -> Reading:
    event = library.icalcomponent_get_first_component(root, _VEVENT)
    valid = library.icalrestriction_check(root)
    faults: tuple[str, ...] = ()
    if not valid or library.icalcomponent_count_errors(root):
        # The complaints are put among the properties; a line of them may be folded.
        text = library.icalcomponent_as_ical_string(root).decode().replace("\r\n ", "")
        faults = tuple(line for line in text.split("\r\n") if line.startswith("X-LIC-ERROR")) or ("invalid",)
    method = _properties(library, root)[0].get("METHOD", ("", ""))[0]
    if method == "DECLINECOUNTER":
        faults = tuple(fault for fault in faults if not fault.endswith(_NOT_IN_ITS_TABLE))
    one, many = _properties(library, event)
    device = library.icaltimezone_get_builtin_timezone(device_zone.encode())
    instants = [
        _instant_ms(library, time(event), device)
        for time in (
            library.icalcomponent_get_dtstamp,
            library.icalcomponent_get_dtstart,
            library.icalcomponent_get_dtend,
        )
    ]
    organizer, organizer_name = one.get("ORGANIZER", ("", ""))
    return Reading(
        method=method,
        uid=one["UID"][0],
        sequence=int(one.get("SEQUENCE", ("0", ""))[0]),
        status=one.get("STATUS", ("", ""))[0],
        summary=one.get("SUMMARY", ("", ""))[0],
        description=one.get("DESCRIPTION", ("", ""))[0],
        stamped_ms=instants[0],
        start_ms=instants[1],
        end_ms=instants[2],
        organizer=organizer,
        organizer_name=organizer_name,
        attendees=tuple(value for value, _name in many),
        attendee_names=tuple(name for _value, name in many),
        url=one.get("URL", ("", ""))[0],
        faults=faults,
    )


def _properties(library: Any, component: int) -> tuple[dict[str, tuple[str, str]], list[tuple[str, str]]]:
    """By name, (value, CN) of each property; those of the attendees apart."""
    one: dict[str, tuple[str, str]] = {}
    attendees: list[tuple[str, str]] = []
    found = library.icalcomponent_get_first_property(component, _ANY_PROPERTY)
    while found:
        name = library.icalproperty_get_property_name(found).decode()
        if name in _AS_TEXT:
            value = library.icalvalue_get_text(library.icalproperty_get_value(found))
        else:
            value = library.icalproperty_get_value_as_string(found)
        common_name = library.icalproperty_get_parameter_as_string(found, b"CN")
        pair = (value or b"").decode(), (common_name or b"").decode()
        if name in _MANY:
            attendees.append(pair)
        else:
            one[name] = pair
        found = library.icalcomponent_get_next_property(component, _ANY_PROPERTY)
    return one, attendees


def _instant_ms(library: Any, time: _Time, device: int) -> int:
    seconds: int = library.icaltime_as_timet_with_zone(time, time.zone or device)
    return 1000 * seconds
