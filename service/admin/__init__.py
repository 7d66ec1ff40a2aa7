"""The pages for a browser: one shell, and the files that it is made of."""
