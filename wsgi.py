"""The application for the `flask` command, which finds this file by its name."""

from defense.app import create_app
from defense.settings import SettingsError

try:
    app = create_app()
except SettingsError as error:
    raise SystemExit(f"defence: {error}") from error
