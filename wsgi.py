"""The application for the `flask` command, which finds this file by its name."""

import os

from defense.app import create_app
from defense.settings import SettingsError

# The database, its key and the outbox are for the service's own user only.
os.umask(0o077)

try:
    app = create_app()
except SettingsError as error:
    raise SystemExit(f"defence: {error}") from error
