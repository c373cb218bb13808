"""Where the service touches other people's files and systems: calendars, workbooks, mail, meetings."""
