"""HTTP Live Streaming (RFC 8216) of a session: for who cannot be reached by UDP, and for a mass audience behind a CDN."""
