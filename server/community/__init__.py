"""What the people of a session say to each other: announcements, the chat, the problem board."""

from server.community.community import Community as Community
