// Reads calendars with ical.js, the parser of Thunderbird: one JSON string a line in, one JSON object a line out.
// A time zone is known only if the calendar itself defines it; any other time is the device's (TZ).
import { createInterface } from "node:readline";
import ICAL from "../../node_modules/ical.js/dist/ical.js";

const text = (component, name) => component.getFirstPropertyValue(name) ?? "";
const name = (property) => property?.getFirstParameter("cn") ?? "";

// A file that is not as the standard has it may still be read: Thunderbird does so too, silently.
function complaints(component) {
  const tzids = component.getAllSubcomponents("vevent").flatMap((event) =>
    event.getAllProperties().map((property) => property.getFirstParameter("tzid")).filter(Boolean));
  return tzids.filter((tzid) => !ICAL.TimezoneService.has(tzid)).map((tzid) => `TZID ${tzid} is not defined`);
}

function read(source) {
  const calendar = new ICAL.Component(ICAL.parse(source));
  if (calendar.name !== "vcalendar") throw new Error(`a ${calendar.name}, no calendar`);
  const events = calendar.getAllSubcomponents("vevent");
  if (events.length !== 1) throw new Error(`${events.length} events`);
  ICAL.TimezoneService.reset();
  calendar.getAllSubcomponents("vtimezone").forEach((zone) => ICAL.TimezoneService.register(zone));
  const [component] = events;
  const event = new ICAL.Event(component);
  const attendees = component.getAllProperties("attendee");
  const organizer = component.getFirstProperty("organizer");
  return {
    method: text(calendar, "method"),
    uid: event.uid ?? "",
    sequence: event.sequence ?? 0,
    status: text(component, "status"),
    summary: event.summary ?? "",
    description: event.description ?? "",
    stamped_ms: component.getFirstPropertyValue("dtstamp").toJSDate().getTime(),
    start_ms: event.startDate.toJSDate().getTime(),
    end_ms: event.endDate.toJSDate().getTime(),
    organizer: organizer?.getFirstValue() ?? "",
    organizer_name: name(organizer),
    attendees: attendees.map((attendee) => attendee.getFirstValue()),
    attendee_names: attendees.map(name),
    url: text(component, "url"),
    faults: complaints(calendar),
  };
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let answer;
  try {
    answer = read(JSON.parse(line));
  } catch (error) {
    answer = { refused: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
