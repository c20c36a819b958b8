"""What a conference is: its rules (pure modules) and its rows (`tables`, `store`)."""
