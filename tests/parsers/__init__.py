"""Other people's calendar parsers and a MIME check, all asked the same: what does this message say?"""
