"""The video-defence service: the only room that knows HTTP, the database and the outside world."""
