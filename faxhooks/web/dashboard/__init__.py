"""The dashboard, /; a file per page, which asks what the API asks and sees what it sees."""
