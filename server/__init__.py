"""Composes sessions, realtime and translation into one service."""
