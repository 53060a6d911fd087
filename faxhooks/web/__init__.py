"""HTTP in and out; every route translates, none decides."""
