"""What a count of fields leaves beside its table: files for other programs, pictures, and what its page shows."""
