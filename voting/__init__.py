"""The voting room: rules, tally and what each screen is shown; `events` alone knows Socket.IO."""
