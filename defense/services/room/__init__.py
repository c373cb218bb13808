"""The voting room: a sitting from its opening to its seal, and the minutes of it."""
