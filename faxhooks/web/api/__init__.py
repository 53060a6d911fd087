"""The query face, /api/v1; a file per resource, with its schemas."""
