"""What was said and counted in a session, as files: for a spreadsheet, for programs, for research."""
